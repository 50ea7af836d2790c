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
from tests.support.sample_workspace import Village

LETTER = "purpose: marketing\nschedule: {cron: '30 9 * * mon'}\naudience: {register: owners}\ncontent: {email: hello}\n"
M = "m05"


def publish(village: Village) -> str:
    village.write("letter", LETTER)
    village.engine.publish(village.engine.library.campaign_definition("letter")[0])
    return "letter"


def approve(village: Village) -> str:
    run, _ = village.plan("letter", LETTER)
    village.engine.acting("another").approve(run.run_id)
    return run.run_id


def cancel(village: Village) -> str:
    run, _ = village.plan("letter", LETTER)
    village.engine.hand(control.cancel, run.run_id)
    return run.run_id


def choose(village: Village) -> None:
    said = ConsentEntry(M, Choice.NO_MARKETING.value, True, village.hands.at, ConsentSource.PHONE)
    changes.change_choices(village.engine, M, [said])


def answer(village: Village) -> None:
    filed = requests.file(village.engine, M, RequestKind.ACCESS, ConsentSource.PHONE)
    requests.close(village.engine, filed.number or 0, RequestOutcome.DONE)


def account(village: Village) -> str:
    staff_accounts.add(village.engine, "helmi", [Role.DESK], "neljä sanaa on hyvä")
    return "helmi"


ACTS: dict[str, Callable[[Village], str | None]] = {
    "publish": publish,
    "approve": approve,
    "cancel": cancel,
    "export": lambda village: (
        subject_access.export_with_audit(village.engine, M, "json", village.engine.actor) and None
    ),
    "look_up": lambda village: (
        lookup.look_up(village.engine, M, AccessReason(LookUpReason.CALL), unmask=False) and None
    ),
    "change_choices": choose,
    "change_contact": lambda village: changes.change_contact(village.engine, M, {"city": ""}, ["phone"]) and None,
    "mark": lambda village: changes.mark(village.engine, M, Choice.DECEASED, ConsentSource.DESK, on=True),
    "close_request": answer,
    "erase": lambda village: erasure.erase(village.engine, M),
    "add_agent": account,
}


@pytest.mark.parametrize("action", ACTS)
def test_a24_what_has_to_be_answered_for_is_noted(village: Village, action: str) -> None:
    subject = ACTS[action](village) or subject_of_member(village.engine.signer, M)
    with village.engine.ledger.read() as connection:
        rows = connection.execute(select(AUDIT).where(AUDIT.c.action == action)).mappings().all()
    assert [(row["subject"], row["at"]) for row in rows] == [(subject, village.hands.at)]
    assert rows[0]["actor"] in {"tester", "another"}
    assert audit_log.verify(village.engine).fault is None
