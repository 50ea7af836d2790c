"""Settings link of a message: opting out needs only the link; seeing and allowing needs a code."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.consent.consent_state import ConsentSource, is_permission
from audiences.consent.opt_out import ConsentContext, record_opt_outs
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.runs.notices import enqueue
from campaigns.web.forms import Form
from campaigns.web.members.choice_list import offered_groups, offered_items
from campaigns.web.members.login import sign_in_step
from campaigns.web.members.send_code import Codes, asked_channel
from campaigns.web.page_context import READ, Site

_SCOPE = "preferences"


@dataclass(frozen=True)
class Preferences:
    """Pages behind a message's settings link. They show none of the recipient's choices."""

    site: Site
    codes: Codes

    def routes(self) -> APIRouter:
        """Return the list of choices, the opt-out form and the code form."""
        router, path = APIRouter(), f"/{LINK_PATHS[_SCOPE]}/{{token}}"
        router.add_api_route(path, self.show, methods=READ, response_class=HTMLResponse)
        router.add_api_route(path, self.stop, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{path}/code", self.send_code, methods=["POST"], response_class=HTMLResponse)
        return router

    def show(self, request: Request, token: str) -> HTMLResponse:
        """Show every choice with an empty box, to be ticked for opt-out."""
        linked_message = self.site.received(request, _SCOPE, token)
        return self.site.answer(
            request,
            "stop_several",
            linked_message.language,
            groups=offered_groups(self.site.pages, linked_message.language),
            code_way=f"{request.url.path}/code",
        )

    def stop(self, request: Request, token: str, form: Form) -> HTMLResponse:
        """Opt out of the ticked choices; HTTP 400 and no change when a ticked choice was not offered."""
        linked_message = self.site.received(request, _SCOPE, token)
        items = offered_items(self.site.pages, linked_message.language)
        ticked = sorted(set(form.every("stop")))
        if not set(ticked) <= items.keys():
            raise HTTPException(400)
        member, now = linked_message.message.member_id, self.site.now
        entries = [
            ConsentContext(now, ConsentSource.WEB, linked_message.language, items[choice].wording).entry(
                member, choice, not is_permission(choice)
            )
            for choice in ticked
        ]
        if linked_message.known and entries:
            with self.site.engine.ledger.write() as connection:
                if record_opt_outs(connection, entries):
                    enqueue.choices_changed(connection, member, entries, now)
        titles = [items[choice].stop_title for choice in ticked]
        return self.site.answer(request, "stopped_several", linked_message.language, titles=titles)

    def send_code(self, request: Request, token: str, form: Form) -> HTMLResponse:
        """Send a code to the member's own address or number; the page does not reveal whether there is one."""
        linked_message = self.site.received(request, _SCOPE, token)
        member, channel = linked_message.message.member_id, asked_channel(form)
        return sign_in_step(self.site).ask(
            request,
            lambda challenge: self.codes.to_member(challenge, member, channel),
            language=linked_message.language,
        )
