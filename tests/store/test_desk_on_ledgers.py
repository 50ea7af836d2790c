"""Desk data on either ledger: accounts, sessions, requests and member search."""

from datetime import timedelta

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people import contacts
from audiences.people.find_members import find_members, recognise
from campaigns.core.model.privacy_rights import RequestKind, RequestOutcome
from campaigns.core.model.roles import Permission, Role
from campaigns.people.accounts import audit_log, local_login, staff_accounts
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.people.privacy import requests
from campaigns.store.people import accounts, desk_tickets
from campaigns.store.people.audit import AuditQuery, subject_of_member
from campaigns.store.runs.linked_message import latest_messages
from tests.support.sample_workspace import SampleWorkspace

PASSWORD = "neljä sanaa on hyvä"


def test_account_signs_in_and_out_on_either_ledger(workspace: SampleWorkspace) -> None:
    staff_accounts.add(workspace.engine.context, "helmi", [Role.DESK], PASSWORD)
    assert local_login.log_in(workspace.engine.context, "helmi", "wrong") is None
    secret = local_login.log_in(workspace.engine.context, "helmi", PASSWORD)
    assert secret is not None
    with workspace.engine.context.ledger.write() as connection:
        account = accounts.account_of_session(connection, secret, workspace.clock.time)
        assert account is not None
        assert account.may(Permission.LOOK_UP)
        accounts.end_session(connection, secret)
        assert accounts.account_of_session(connection, secret, workspace.clock.time) is None


def test_request_is_filed_extended_and_closed_on_either_ledger(workspace: SampleWorkspace) -> None:
    first = requests.file(workspace.engine.context, "m05", RequestKind.ACCESS, ConsentSource.WEB)
    assert requests.file(workspace.engine.context, "m05", RequestKind.ACCESS, ConsentSource.DESK).number == first.number
    requests.extend(workspace.engine.context, first.number or 0, "Arkisto")
    requests.close(workspace.engine.context, first.number or 0, RequestOutcome.DONE)
    assert requests.list_open(workspace.engine.context) == []


@pytest.mark.parametrize("search_text", ["Åke von Döbeln", "VON DÖBELN åke", "von döbeln   Åke"])
def test_name_is_found_in_any_letter_case_on_either_ledger(workspace: SampleWorkspace, search_text: str) -> None:
    with workspace.engine.context.ledger.write() as connection:
        contacts.upsert_contacts(
            connection, [{"member_id": "m05", "first_name": "Åke", "last_name": "von Döbeln"}], "fi"
        )
        assert [row["member_id"] for row in find_members(connection, recognise(search_text))] == ["m05"]


def test_search_reports_more_members_than_it_shows(workspace: SampleWorkspace) -> None:
    with workspace.engine.context.ledger.write() as connection:
        rows = [{"member_id": f"m{number:02}", "email": "same@example.org"} for number in range(1, 25)]
        contacts.upsert_contacts(connection, rows, "fi")
    people, more = lookup.search_members(
        workspace.engine.context, recognise("same@example.org"), AccessReason(LookUpReason.CALL), unmask=False
    )
    assert (len(people), more) == (20, True)


def test_ticket_opens_in_its_session_until_it_expires_on_either_ledger(workspace: SampleWorkspace) -> None:
    now = workspace.clock.time
    with workspace.engine.context.ledger.write() as connection:
        ticket = desk_tickets.open_ticket(connection, "secret", {"kind": "member", "member": "m05"}, now)
        assert desk_tickets.read_ticket(connection, "secret", ticket, now) == {"kind": "member", "member": "m05"}
        assert desk_tickets.read_ticket(connection, "another secret", ticket, now) is None
        desk_tickets.write_ticket(connection, "secret", ticket, {"kind": "member", "member": "m06"}, now)
        assert desk_tickets.read_ticket(connection, "secret", ticket, now) == {"kind": "member", "member": "m06"}
        expiry = now + desk_tickets.TICKET_LIFETIME
        assert desk_tickets.read_ticket(connection, "secret", ticket, expiry) is None


def test_audit_log_is_searched_by_subject_actor_act_and_day_on_either_ledger(workspace: SampleWorkspace) -> None:
    context = workspace.engine.context
    lookup.look_up(context, "m05", AccessReason(LookUpReason.CALL), unmask=False)
    lookup.look_up(context, "m06", AccessReason(LookUpReason.VISIT), unmask=False)
    subjects, at = audit_log.subjects_of(context, "m05"), workspace.clock.time
    hour = timedelta(hours=1)
    for query, expected in (
        (AuditQuery(subjects), 1),
        (AuditQuery(actor="tester", action="look_up"), 2),
        (AuditQuery(actor="nobody"), 0),
        (AuditQuery(action="look_up", since=at, until=at + hour), 2),
        (AuditQuery(action="look_up", since=at + hour), 0),
        (AuditQuery(action="look_up", until=at), 0),
    ):
        rows, more = audit_log.search(context, query, 10)
        assert (len(rows), more) == (expected, False)
    (newest,), more = audit_log.search(context, AuditQuery(action="look_up"), 1)
    assert more
    assert [row["subject"] for row in audit_log.search(context, AuditQuery(action="look_up"), 1, newest["seq"])[0]] == [
        subject_of_member(context.signer, "m05")
    ]


def test_latest_messages_of_a_member_are_listed_on_either_ledger(workspace: SampleWorkspace) -> None:
    campaign = "purpose: service\nschedule: {at: '2018-01-05 10:30'}\nchannels: [email]\ncontent: {email: hello}\n"
    run = workspace.start("letters", f"{campaign}audience: {{register: owners}}\n")
    with workspace.engine.context.ledger.read() as connection:
        (outcome,) = latest_messages(connection, "m05", 10)
    assert (outcome.message.run_number, outcome.message.member_id, outcome.state) == (run.number, "m05", "pending")
