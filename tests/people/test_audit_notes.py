"""Whatever has to be answered for stands in the audit log: who, what, to whom or to which, and when (A-24)."""

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
from campaigns.runs.dispatch import control
from campaigns.store.people.audit import subject_of_member
from campaigns.store.runs.run_tables import AUDIT
from tests.support.sample_workspace import SampleWorkspace

LETTER = "purpose: marketing\nschedule: {cron: '30 9 * * mon'}\naudience: {register: owners}\ncontent: {email: hello}\n"
M = "m05"


def publish(workspace: SampleWorkspace) -> str:
    workspace.write_campaign("letter", LETTER)
    workspace.engine.publish(workspace.engine.library.campaign_definition("letter")[0])
    return "letter"


def approve(workspace: SampleWorkspace) -> str:
    run, _ = workspace.plan("letter", LETTER)
    workspace.engine.acting("another").approve(run.run_id)
    return run.run_id


def cancel(workspace: SampleWorkspace) -> str:
    run, _ = workspace.plan("letter", LETTER)
    workspace.engine.hand(control.cancel, run.run_id)
    return run.run_id


def choose(workspace: SampleWorkspace) -> None:
    said = ConsentEntry(M, Choice.NO_MARKETING.value, True, workspace.clock.time, ConsentSource.PHONE)
    changes.change_choices(workspace.engine, M, [said])


def answer(workspace: SampleWorkspace) -> None:
    filed = requests.file(workspace.engine, M, RequestKind.ACCESS, ConsentSource.PHONE)
    requests.close(workspace.engine, filed.number or 0, RequestOutcome.DONE)


def account(workspace: SampleWorkspace) -> str:
    staff_accounts.add(workspace.engine, "helmi", [Role.DESK], "neljä sanaa on hyvä")
    return "helmi"


ACTS: dict[str, Callable[[SampleWorkspace], str | None]] = {
    "publish": publish,
    "approve": approve,
    "cancel": cancel,
    "export": lambda workspace: (
        subject_access.export_with_audit(workspace.engine, M, "json", workspace.engine.actor) and None
    ),
    "look_up": lambda workspace: (
        lookup.look_up(workspace.engine, M, AccessReason(LookUpReason.CALL), unmask=False) and None
    ),
    "change_choices": choose,
    "change_contact": lambda workspace: changes.change_contact(workspace.engine, M, {"city": ""}, ["phone"]) and None,
    "mark": lambda workspace: changes.mark(workspace.engine, M, Choice.DECEASED, ConsentSource.DESK, on=True),
    "close_request": answer,
    "erase": lambda workspace: erasure.erase(workspace.engine, M),
    "add_agent": account,
}


@pytest.mark.parametrize("action", ACTS)
def test_a24_what_has_to_be_answered_for_is_noted(workspace: SampleWorkspace, action: str) -> None:
    subject = ACTS[action](workspace) or subject_of_member(workspace.engine.signer, M)
    with workspace.engine.ledger.read() as connection:
        rows = connection.execute(select(AUDIT).where(AUDIT.c.action == action)).mappings().all()
    assert [(row["subject"], row["at"]) for row in rows] == [(subject, workspace.clock.time)]
    assert rows[0]["actor"] in {"tester", "another"}
    assert audit_log.verify(workspace.engine).fault is None
