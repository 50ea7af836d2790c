"""Desk forms before a caller is checked: the check itself, and stopping messages, which needs none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.consent.choices import consent_state_of
from audiences.consent.consent_state import is_permission
from audiences.consent.opt_out import ConsentContext
from audiences.people import contact_changes
from campaigns.core.model.enums import Channel
from campaigns.core.model.roles import Permission
from campaigns.people.desk import caller_identity, changes
from campaigns.people.desk.caller_identity import IdentityDocument
from campaigns.people.privacy import contact_proofs
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields
from campaigns.web.members.choice_list import choice_items

_CHANNELS: Final[Mapping[str, Channel]] = {"email": Channel.EMAIL, "sms": Channel.SMS}


@dataclass(frozen=True)
class CallerCheckPages:
    """Forms of the caller check, of stopping without one, and of the proof of a new address."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return one task per form."""
        return (
            DeskTask(f"{DESK_HOME}/check/questions", Permission.LOOK_UP, self.answer),
            DeskTask(f"{DESK_HOME}/check/send", Permission.LOOK_UP, self.send_code),
            DeskTask(f"{DESK_HOME}/check/code", Permission.LOOK_UP, self.type_code),
            DeskTask(f"{DESK_HOME}/check/document", Permission.LOOK_UP, self.see_document),
            DeskTask(f"{DESK_HOME}/stop", Permission.CHANGE, self.stop),
            DeskTask(f"{DESK_HOME}/proof/send", Permission.CHANGE, self.send_proof, needs_check=True),
            DeskTask(f"{DESK_HOME}/proof/code", Permission.CHANGE, self.type_proof, needs_check=True),
        )

    def answer(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Check the caller by the answers that the agent typed."""
        member_id, context = self.desk.member_id(form, agent), self.desk.context_as(agent)
        may_read = agent.may(Permission.READ_LINES)
        answers = {
            question.name: form.value(f"answer_{question.name}")
            for question in caller_identity.draw_questions(context, member_id, with_purchases=may_read)
        }
        session = self.desk.check_session(agent, member_id)
        caller_identity.answer_questions(context, member_id, session, answers, with_purchases=may_read)
        return self.desk.render_member_again(request, agent, member_id, "done_check")

    def send_code(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Send a code that the caller reads out."""
        member_id, channel = self.desk.member_id(form, agent), _CHANNELS.get(form.value("by"))
        if channel is None:
            raise HTTPException(400)
        session = self.desk.check_session(agent, member_id)
        caller_identity.send_code(self.desk.context_as(agent), member_id, session, channel)
        return self.desk.render_member_again(request, agent, member_id, "done_check_sent")

    def type_code(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Check the caller by the code that they read out."""
        member_id = self.desk.member_id(form, agent)
        session = self.desk.check_session(agent, member_id)
        caller_identity.type_code(self.desk.context_as(agent), member_id, session, form.value("code"))
        return self.desk.render_member_again(request, agent, member_id, "done_check")

    def see_document(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Record that the agent saw an identity document at the counter; HTTP 400 by telephone."""
        member_id, kind = self.desk.member_id(form, agent), form.value("document")
        if form.value("source") != "desk" or kind not in set(IdentityDocument):
            raise HTTPException(400)
        session = self.desk.check_session(agent, member_id)
        caller_identity.see_document(self.desk.context_as(agent), member_id, session, IdentityDocument(kind))
        return self.desk.render_member_again(request, agent, member_id, "done_check")

    def stop(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Opt out of the ticked choices; nothing of what was chosen before is shown."""
        member_id, context = self.desk.member_id(form, agent), self.desk.context_as(agent)
        language = self.desk.page_context.language(request)
        items = choice_items(self.desk.page_context.renderer, language)
        ticked = sorted(set(form.values("stop")))
        if not set(ticked) <= items.keys():
            raise HTTPException(400)
        with context.ledger.read() as connection:
            consent = consent_state_of(connection, member_id)
        context_of = partial(ConsentContext, self.desk.page_context.now, self.desk.source(form), language)
        chosen = {choice.value for choice in consent.on} | {f"newsletter:{name}" for name in consent.newsletters}
        entries = [
            context_of(items[choice].wording).entry(member_id, choice, not is_permission(choice))
            for choice in ticked
            if (choice in chosen) is is_permission(choice)
        ]
        changes.change_choices(context, member_id, entries)
        return self.desk.render_member_again(request, agent, member_id, "done_stop" if ticked else "done_nothing")

    def send_proof(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Send the code of an unproven address again."""
        member_id, name = self.desk.member_id(form, agent), _field(form)
        is_sent = contact_proofs.send_proof_again(self.desk.context_as(agent), member_id, name)
        return self.desk.render_member_again(
            request, agent, member_id, "done_proof_sent" if is_sent else "done_nothing"
        )

    def type_proof(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Prove an address by the code that the member read out."""
        member_id, name = self.desk.member_id(form, agent), _field(form)
        is_right = contact_proofs.prove_by_code(self.desk.context_as(agent), member_id, name, form.value("code"))
        if not is_right:
            raise contact_proofs.wrong_code(name)
        return self.desk.render_member_again(request, agent, member_id, "done_proof")


def _field(form: FormFields) -> str:
    name = form.value("field")
    if name not in contact_changes.CHANNEL_FIELDS:
        raise HTTPException(400)
    return name
