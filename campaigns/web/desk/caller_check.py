"""Desk forms before a caller is checked: the check itself, and stopping messages, which needs none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import Response

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

    def answer(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Check the caller by the answers that the agent typed."""
        visit, context = self.desk.visit(form, agent), self.desk.context_as(agent)
        may_read = agent.may(Permission.READ_LINES)
        answers = {
            question.name: form.value(f"answer_{question.name}")
            for question in caller_identity.draw_questions(context, visit.member_id, with_purchases=may_read)
        }
        session = self.desk.check_session(agent, visit.member_id)
        caller_identity.answer_questions(context, visit.member_id, session, answers, with_purchases=may_read)
        return self.desk.return_to_member(request, agent, visit, "done_check")

    def send_code(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Send a code that the caller reads out."""
        visit, channel = self.desk.visit(form, agent), _CHANNELS.get(form.value("by"))
        if channel is None:
            raise HTTPException(400)
        session = self.desk.check_session(agent, visit.member_id)
        caller_identity.send_code(self.desk.context_as(agent), visit.member_id, session, channel)
        return self.desk.return_to_member(request, agent, visit, "done_check_sent")

    def type_code(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Check the caller by the code that they read out."""
        visit = self.desk.visit(form, agent)
        session = self.desk.check_session(agent, visit.member_id)
        caller_identity.type_code(self.desk.context_as(agent), visit.member_id, session, form.value("code"))
        return self.desk.return_to_member(request, agent, visit, "done_check")

    def see_document(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Record that the agent saw an identity document at the counter; HTTP 400 by telephone."""
        visit, kind = self.desk.visit(form, agent), form.value("document")
        if not visit.is_at_the_desk or kind not in set(IdentityDocument):
            raise HTTPException(400)
        session = self.desk.check_session(agent, visit.member_id)
        caller_identity.see_document(self.desk.context_as(agent), visit.member_id, session, IdentityDocument(kind))
        return self.desk.return_to_member(request, agent, visit, "done_check")

    def stop(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Opt out of the choice whose button was pressed; the answer is the same whatever was chosen before."""
        visit, context, choice = self.desk.visit(form, agent), self.desk.context_as(agent), form.value("stop")
        page_context = self.desk.page_context
        language = page_context.language(request)
        item = choice_items(page_context.renderer, language).get(choice)
        if item is None:
            raise HTTPException(400)
        with context.ledger.read() as connection:
            consent = consent_state_of(connection, visit.member_id)
        consent_context = ConsentContext(page_context.now, visit.source, language, item.wording)
        chosen = {choice.value for choice in consent.on} | {f"newsletter:{name}" for name in consent.newsletters}
        if (choice in chosen) is is_permission(choice):
            entry = consent_context.entry(visit.member_id, choice, not is_permission(choice))
            changes.change_choices(context, visit.member_id, [entry])
        return self.desk.return_to_member(request, agent, visit, "done_stop")

    def send_proof(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Send the code of an unproven address again."""
        visit, name = self.desk.visit(form, agent), _field(form)
        is_sent = contact_proofs.send_proof_again(self.desk.context_as(agent), visit.member_id, name)
        return self.desk.return_to_member(request, agent, visit, "done_proof_sent" if is_sent else "done_nothing")

    def type_proof(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Prove an address by the code that the member read out."""
        visit, name = self.desk.visit(form, agent), _field(form)
        is_right = contact_proofs.prove_by_code(self.desk.context_as(agent), visit.member_id, name, form.value("code"))
        if not is_right:
            raise contact_proofs.wrong_code(name)
        return self.desk.return_to_member(request, agent, visit, "done_proof")


def _field(form: FormFields) -> str:
    name = form.value("field")
    if name not in contact_changes.CHANNEL_FIELDS:
        raise HTTPException(400)
    return name
