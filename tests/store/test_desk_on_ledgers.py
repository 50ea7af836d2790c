"""Desk data on either ledger: accounts, sessions, requests and member search."""

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people import contacts
from audiences.people.find_members import find_members, recognise
from campaigns.core.model.privacy_rights import RequestKind, RequestOutcome
from campaigns.core.model.roles import Permission, Role
from campaigns.people.accounts import local_login, staff_accounts
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.people.privacy import requests
from campaigns.store.people import accounts
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
