"""Accountable actions are written to the audit log: actor, action, subject and time (A-24)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from audiences.consent.consent_state import ConsentEntry, ConsentSource
from campaigns.core.model.enums import Choice
from campaigns.core.model.privacy_rights import RequestKind, RequestOutcome
from campaigns.core.model.roles import Role
from campaigns.people.accounts import audit_log, staff_accounts
from campaigns.people.desk import changes, lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.people.privacy import erasure, requests, subject_access
from campaigns.runs.dispatch import run_transitions
from campaigns.store.people.audit import subject_of_member
from campaigns.store.people.people_tables import AUDIT
from tests.support.sample_workspace import SampleWorkspace

LETTER = "purpose: marketing\nschedule: {cron: '30 9 * * mon'}\naudience: {register: owners}\ncontent: {email: hello}\n"
MEMBER = "m05"


def publish(workspace: SampleWorkspace) -> str:
    workspace.write_campaign("letter", LETTER)
    workspace.engine.publisher.publish(workspace.engine.context.repository.campaign_definition("letter")[0])
    return "letter"


def approve(workspace: SampleWorkspace) -> str:
    run, _ = workspace.plan("letter", LETTER)
    workspace.engine.as_user("another").run_control.approve(run.run_id)
    return run.run_id


def cancel(workspace: SampleWorkspace) -> str:
    run, _ = workspace.plan("letter", LETTER)
    workspace.engine.run_control.transition(run_transitions.cancel, run.run_id)
    return run.run_id


def change_choices(workspace: SampleWorkspace) -> None:
    entry = ConsentEntry(MEMBER, Choice.NO_MARKETING.value, True, workspace.clock.time, ConsentSource.PHONE)
    changes.change_choices(workspace.engine.context, MEMBER, [entry])


def close_request(workspace: SampleWorkspace) -> None:
    request = requests.file(workspace.engine.context, MEMBER, RequestKind.ACCESS, ConsentSource.PHONE)
    requests.close(workspace.engine.context, request.number or 0, RequestOutcome.DONE)


def add_account(workspace: SampleWorkspace) -> str:
    staff_accounts.add(workspace.engine.context, "helmi", [Role.DESK], "neljä sanaa on hyvä")
    return "helmi"


ACTIONS: dict[str, Callable[[SampleWorkspace], str | None]] = {
    "publish": publish,
    "approve": approve,
    "cancel": cancel,
    "export": lambda workspace: (
        subject_access.export_with_audit(workspace.engine.queries, MEMBER, "json", workspace.engine.context.actor)
        and None
    ),
    "look_up": lambda workspace: (
        lookup.look_up(workspace.engine.context, MEMBER, AccessReason(LookUpReason.CALL), unmask=False) and None
    ),
    "change_choices": change_choices,
    "change_contact": lambda workspace: (
        changes.change_contact(workspace.engine.context, MEMBER, {"city": ""}, ["phone"]) and None
    ),
    "mark": lambda workspace: changes.mark(
        workspace.engine.context, MEMBER, Choice.DECEASED, ConsentSource.DESK, on=True
    ),
    "close_request": close_request,
    "erase": lambda workspace: erasure.erase(workspace.engine.context, MEMBER) and None,
    "add_agent": add_account,
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a24_accountable_actions_are_written_to_the_audit_log(workspace: SampleWorkspace, action: str) -> None:
    subject = ACTIONS[action](workspace) or subject_of_member(workspace.engine.context.signer, MEMBER)
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(AUDIT).where(AUDIT.c.action == action)).mappings().all()
    assert [(row["subject"], row["at"]) for row in rows] == [(subject, workspace.clock.time)]
    assert rows[0]["actor"] in {"tester", "another"}
    assert audit_log.verify(workspace.engine.context).fault is None
