"""Settings link of a message: opting out needs only the link; seeing and allowing needs a code."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.access.code_allowances import link_holder
from audiences.consent.consent_state import ConsentSource, is_permission
from audiences.consent.opt_out import ConsentContext, record_opt_outs
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.runs.notices import enqueue
from campaigns.web.forms import FormBody
from campaigns.web.members.choice_list import choice_groups, choice_items
from campaigns.web.members.login import sign_in_code_page
from campaigns.web.members.send_code import OneTimeCodes, requested_channel
from campaigns.web.page_context import READ_METHODS, PageContext

_SCOPE = "preferences"


@dataclass(frozen=True)
class MessageSettingsPages:
    """Pages behind a message's settings link. They show none of the recipient's choices."""

    page_context: PageContext
    codes: OneTimeCodes

    def routes(self) -> APIRouter:
        """Return the list of choices, the opt-out form and the code form."""
        router, path = APIRouter(), f"/{LINK_PATHS[_SCOPE]}/{{token}}"
        router.add_api_route(path, self.show, methods=READ_METHODS, response_class=HTMLResponse)
        router.add_api_route(path, self.stop, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{path}/code", self.send_code, methods=["POST"], response_class=HTMLResponse)
        return router

    def show(self, request: Request, token: str) -> HTMLResponse:
        """Show every choice with an empty box, to be ticked for opt-out."""
        linked_message = self.page_context.linked_message(request, _SCOPE, token)
        return self.page_context.render(
            request,
            "stop_several",
            linked_message.language,
            groups=choice_groups(self.page_context.renderer, linked_message.language),
            code_way=f"{request.url.path}/code",
        )

    def stop(self, request: Request, token: str, form: FormBody) -> HTMLResponse:
        """Opt out of the ticked choices; HTTP 400 and no change when a ticked choice was not offered."""
        linked_message = self.page_context.linked_message(request, _SCOPE, token)
        items = choice_items(self.page_context.renderer, linked_message.language)
        ticked = sorted(set(form.values("stop")))
        if not set(ticked) <= items.keys():
            raise HTTPException(400)
        member, now = linked_message.message.member_id, self.page_context.now
        entries = [
            ConsentContext(now, ConsentSource.WEB, linked_message.language, items[choice].wording).entry(
                member, choice, not is_permission(choice)
            )
            for choice in ticked
        ]
        if linked_message.member_exists and entries:
            with self.page_context.context.ledger.write() as connection:
                if record_opt_outs(connection, entries):
                    enqueue.choices_changed(connection, member, entries, now)
        titles = [items[choice].stop_title for choice in ticked]
        return self.page_context.render(request, "stopped_several", linked_message.language, titles=titles)

    def send_code(self, request: Request, token: str, form: FormBody) -> HTMLResponse:
        """Send a code to the member's own address or number; the page does not reveal whether there is one."""
        linked_message = self.page_context.linked_message(request, _SCOPE, token)
        member, channel = linked_message.message.member_id, requested_channel(form)
        message = linked_message.message
        requester = link_holder(self.page_context.context.signer, message.run_number, message.position)
        return sign_in_code_page(self.page_context).send_and_show(
            request,
            requester,
            lambda challenge: self.codes.send_to_member(challenge, member, channel, requester),
            language=linked_message.language,
        )
