"""The desk's rows on either ledger: accounts, sessions, requests, and members found by what they say."""

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people import contacts
from audiences.people.find_members import SearchField, find_members
from campaigns.core.model.privacy_rights import RequestKind, RequestOutcome
from campaigns.core.model.roles import Permission, Role
from campaigns.people.accounts import staff_accounts
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.people.privacy import requests
from campaigns.store.people import accounts
from tests.support.sample_workspace import SampleWorkspace

PASSWORD = "neljä sanaa on hyvä"


def test_an_account_signs_in_and_out_on_either_ledger(workspace: SampleWorkspace) -> None:
    staff_accounts.add(workspace.engine.context, "helmi", [Role.DESK], PASSWORD)
    assert staff_accounts.log_in(workspace.engine.context, "helmi", "wrong") is None
    secret = staff_accounts.log_in(workspace.engine.context, "helmi", PASSWORD)
    assert secret is not None
    with workspace.engine.context.ledger.write() as connection:
        account = accounts.account_of_session(connection, secret, workspace.clock.time)
        assert account is not None
        assert account.may(Permission.LOOK_UP)
        accounts.end_session(connection, secret)
        assert accounts.account_of_session(connection, secret, workspace.clock.time) is None


def test_a_request_goes_its_way_on_either_ledger(workspace: SampleWorkspace) -> None:
    first = requests.file(workspace.engine.context, "m05", RequestKind.ACCESS, ConsentSource.WEB)
    assert requests.file(workspace.engine.context, "m05", RequestKind.ACCESS, ConsentSource.DESK).number == first.number
    requests.extend(workspace.engine.context, first.number or 0, "Arkisto")
    requests.close(workspace.engine.context, first.number or 0, RequestOutcome.DONE)
    assert requests.list_open(workspace.engine.context) == []


@pytest.mark.parametrize("typed", ["Åke von Döbeln", "VON DÖBELN åke", "von döbeln   Åke"])
def test_a_name_is_found_in_any_letter_case_on_either_ledger(workspace: SampleWorkspace, typed: str) -> None:
    with workspace.engine.context.ledger.write() as connection:
        contacts.upsert_contacts(
            connection, [{"member_id": "m05", "first_name": "Åke", "last_name": "von Döbeln"}], "fi"
        )
        assert [row["member_id"] for row in find_members(connection, SearchField.NAME, typed)] == ["m05"]


def test_more_members_than_are_shown_are_said_to_be_more(workspace: SampleWorkspace) -> None:
    with workspace.engine.context.ledger.write() as connection:
        same = [{"member_id": f"m{each:02}", "email": "same@example.org"} for each in range(1, 25)]
        contacts.upsert_contacts(connection, same, "fi")
    people, more = lookup.search_members(
        workspace.engine.context,
        SearchField.EMAIL,
        "same@example.org",
        "",
        AccessReason(LookUpReason.CALL),
        unmask=False,
    )
    assert (len(people), more) == (20, True)
