"""Settings link of a message: stopping needs only the link, and so does undoing that press; the rest needs a code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.access.attempt_limit import AttemptLimit
from audiences.access.code_allowances import link_holder
from audiences.consent.consent_state import ConsentSource, is_permission
from audiences.consent.consent_texts import UnknownConsentTextError, require_known_texts
from audiences.consent.opt_out import ConsentContext, address_sharers, record_opt_outs
from audiences.consent.undo_opt_out import undo_opt_outs
from campaigns.core.locked_cached_property import LockedCachedProperty
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice
from campaigns.core.tokens import InvalidTokenError
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.runs.notices import enqueue
from campaigns.web.forms import FormBody
from campaigns.web.members.choice_list import ChoiceItem, choice_groups, choice_items
from campaigns.web.members.code_page import SETTINGS_SCOPE
from campaigns.web.members.login import sign_in_code_page
from campaigns.web.members.masked_address import masked_address_of
from campaigns.web.members.send_code import OneTimeCodes, requested_channel
from campaigns.web.members.undo_stop import StopPress, read_undo_token
from campaigns.web.page_context import READ_METHODS, LinkedMessage, PageContext
from campaigns.web.throttling import SharedThrottle

_ALL_NEWSLETTERS: Final = "newsletters"
_UNDOS: Final = AttemptLimit(5, timedelta(hours=1))  # of one member: each is confirmed by a message


@dataclass(frozen=True)
class MessageSettingsPages:
    """Pages behind a message's settings link. They show none of the recipient's choices."""

    page_context: PageContext
    codes: OneTimeCodes

    def add_routes(self, router: APIRouter) -> None:
        """Add the list of choices, the opt-out form, its undo and the code form."""
        path = f"/{LINK_PATHS[SETTINGS_SCOPE]}/{{token}}"
        router.add_api_route(path, self.show, methods=READ_METHODS, response_class=HTMLResponse)
        router.add_api_route(path, self.stop, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{path}/undo", self.undo, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{path}/code", self.send_code, methods=["POST"], response_class=HTMLResponse)

    def show(self, request: Request, token: str) -> HTMLResponse:
        """Show every choice with a button that stops it."""
        linked_message = self.page_context.linked_message(request, SETTINGS_SCOPE, token)
        groups = [
            (group.title, group.items, group.note)
            for group in choice_groups(self.page_context.renderer, linked_message.language)
            if group.items[0].choice != Choice.NO_MARKETING
        ]
        return self.page_context.render(
            request,
            "stop_several",
            linked_message.language,
            groups=groups,
            code_way=f"{request.url.path}/code",
            by_message=_channel_of_codes(linked_message),
        )

    def stop(self, request: Request, token: str, form: FormBody) -> HTMLResponse:
        """Opt out of the choices; HTTP 400 and no change when one was not offered. The answer offers the undo."""
        linked_message = self.page_context.linked_message(request, SETTINGS_SCOPE, token)
        items = choice_items(self.page_context.renderer, linked_message.language)
        stopped = _stopped_choices(form.values("stop"), items)
        member, now = linked_message.message.member_id, self.page_context.now
        entries = [
            self._context(linked_message, items[choice]).entry(member, choice, not is_permission(choice))
            for choice in stopped
        ]
        if linked_message.member_exists and entries:
            with self.page_context.context.ledger.write() as connection:
                if record_opt_outs(connection, entries):
                    enqueue.choices_changed(connection, member, entries, now)
        press = StopPress(tuple(stopped), now)
        return self.page_context.render(
            request,
            "stopped_several",
            linked_message.language,
            titles=[items[choice].stop_title for choice in stopped],
            undo=press.token(self.page_context.context.signer, linked_message.message),
            undo_way=f"{request.url.path}/undo",
        )

    def undo(self, request: Request, token: str, form: FormBody) -> HTMLResponse:
        """Allow again what one press ended; the answer is the same whatever was chosen before.

        HTTP 400 for a token that is changed, of another message or too old; 429 when a member undoes too often.
        """
        linked_message = self.page_context.linked_message(request, SETTINGS_SCOPE, token)
        member, now, settings_path = (
            linked_message.message.member_id,
            self.page_context.now,
            f"/{LINK_PATHS[SETTINGS_SCOPE]}/{token}",
        )
        signer, language = self.page_context.context.signer, linked_message.language
        items = choice_items(self.page_context.renderer, language)
        try:
            press = read_undo_token(signer, linked_message.message, form.value("undo"), now)
        except InvalidTokenError:
            return self.page_context.render(
                request, "undo_late", language, 400, at=settings_path, settings=settings_path
            )
        if not self._undo_throttle.allows(member, now):
            raise HTTPException(429)
        if linked_message.member_exists:
            self._undo(linked_message, press, items)
        titles = [items[choice].stop_title for choice in press.choices if choice in items]
        return self.page_context.render(
            request, "undone", language, at=settings_path, settings=settings_path, titles=titles
        )

    def _undo(self, linked_message: LinkedMessage, press: StopPress, items: Mapping[str, ChoiceItem]) -> None:
        """Restore what the press ended, also for those who share the address, whose messages a press on /u ends too."""
        message, now = linked_message.message, self.page_context.now
        with self.page_context.context.ledger.write() as connection:
            members = [message.member_id, *address_sharers(connection, message.channel, message.member_id)]
            opt_ins = [
                self._context(linked_message, items[choice]).entry(member, choice, is_permission(choice))
                for member in members
                for choice in press.choices
                if choice in items
            ]
            try:
                require_known_texts(connection, opt_ins)
            except UnknownConsentTextError as error:
                raise HTTPException(400) from error
            undone = undo_opt_outs(connection, press.at, opt_ins)
            for member in members:
                enqueue.choices_changed(
                    connection, member, [entry for entry in undone if entry.member_id == member], now
                )

    def send_code(self, request: Request, token: str, form: FormBody) -> HTMLResponse:
        """Send a code to the member's own address or number, which nobody has to type.

        The page shows it masked when the message itself went there; else it does not reveal whether there is one.
        """
        linked_message = self.page_context.linked_message(request, SETTINGS_SCOPE, token)
        member, channel = linked_message.message.member_id, requested_channel(form)
        message, to = linked_message.message, ""
        requester = link_holder(self.page_context.context.signer, message.run_number, message.position)
        if channel is _channel_of_codes(linked_message):
            with self.page_context.context.ledger.read() as connection:
                to = masked_address_of(connection, member, channel)
        return sign_in_code_page(self.page_context, link=token).send_and_show(
            request,
            requester,
            lambda challenge: self.codes.send_to_member(challenge, member, channel, requester),
            language=linked_message.language,
            to=to,
        )

    def _context(self, linked_message: LinkedMessage, item: ChoiceItem) -> ConsentContext:
        return ConsentContext(self.page_context.now, ConsentSource.WEB, linked_message.language, item.wording)

    @LockedCachedProperty
    def _undo_throttle(self) -> SharedThrottle:
        context = self.page_context.context
        return SharedThrottle(context.ledger, context.signer, "undo", _UNDOS)


def _channel_of_codes(linked_message: LinkedMessage) -> Channel:
    """Return the channel of codes that the message itself came by."""
    return Channel.SMS if linked_message.message.channel is Channel.SMS else Channel.EMAIL


def _stopped_choices(values: Sequence[str], items: Mapping[str, ChoiceItem]) -> Sequence[str]:
    """Return the choices to end, each once; HTTP 400 when one was not offered."""
    choices = {choice for choice in values if choice != _ALL_NEWSLETTERS}
    if not choices <= items.keys():
        raise HTTPException(400)
    if _ALL_NEWSLETTERS in values:
        choices |= {choice for choice in items if choice.startswith(NEWSLETTER_PREFIX)}
    return sorted(choices)
