"""Hostile and malformed names and addresses: each member is sent to or refused alone, without effect on others.

Imports refuse all of these (`tests/audiences`); an earlier system or an edit of the database could have left them.
"""

import logging
from asyncio import to_thread
from collections import Counter
from collections.abc import Mapping
from email import message_from_bytes, policy
from typing import Final

import pytest

from campaigns.store.runs.run_tables import Run
from tests.support.provider_doubles import Double, workspace_with_double
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.sent_run import EMAIL, SMS

NAMES: Final = (
    "Aino\r\nBcc: eve@evil.example",
    "Aino\nSubject: won",
    "\u2028Bcc: eve@evil.example",
    "a\0b",
    "{{ 1234567 * 9 }}{% raw %}",
    "<script>alert(1)</script>",
    "\u202eonia",
    "ä" * 5000,
    "",
    '"; DROP TABLE delivery; --',
)
ADDRESSES: Final = (
    "aino@example.org\r\nRCPT TO:<eve@evil.example>",
    "aino@example.org, eve@evil.example",
    "<eve@evil.example>",
    "käyttäjä@example.org",
    "aino@näköala.example",
    '"aino virtanen"@example.org',
    "aino@[127.0.0.1]",
    "aino@localhost",
    "aino",
    "@example.org",
    "a" * 400 + "@example.org",
    "aino@example.org\0",
    "aino@exa mple.org",
)
NUMBERS: Final = (
    "+358401234",
    "0401234567",
    "+35840123456789012345",
    "+358 40 123 4567",
    "+358401234567;ext=1",
    "tel:+358401234567",
    "+٣٥٨٤٠١٢٣٤٥٦٧",
    "+358401234567\r\nTo: +15005550006",
    "+0",
    "",
    "Lahde",
    "112",
)


def odd_end_states(workspace: SampleWorkspace, run: Run, odd: Mapping[str, str], double: Double) -> Counter[str]:
    """Count the end states of the odd members; all others must have one message, and the balance must hold."""
    ends = workspace.end_states(run)
    assert workspace.state(run) == "closed"
    assert workspace.balance(run)  # checks its sum, and that every end but acceptance has a reason
    assert {ends[member] for member in MEMBERS if member not in odd} == {("accepted", None)}
    assert double.mailboxes.duplicates == {}
    accepted = [member for member, (state, _) in ends.items() if state == "accepted"]
    assert sum(map(len, double.mailboxes.received.values())) == len(accepted)
    assert not any("evil" in address for address in double.mailboxes.received)
    return Counter(ends[member][0] for member in odd)


@pytest.mark.parametrize("provider", ["sendgrid", "smtp"])
async def test_hostile_names_inject_no_header_or_template_and_stop_no_delivery(workspace, provider):
    odd = dict(zip(MEMBERS, NAMES, strict=False))
    for member, name in odd.items():
        workspace.change_contact(member, first_name=name, last_name=name)
    run = workspace.start("hi", EMAIL)
    async with workspace_with_double(workspace, provider) as double:
        await to_thread(workspace.send, run)
    assert odd_end_states(workspace, run, odd, double) == {"accepted": len(odd)}
    if provider == "smtp":
        for raw in double.messages:
            parsed = message_from_bytes(raw, policy=policy.default)
            assert len(parsed["To"].addresses) == 1
            assert parsed["Bcc"] is None
            assert parsed.get_all("Subject") == [parsed["Subject"]]
            assert "<script>" not in parsed.get_body(("html",)).get_content()
            assert "11111103" not in parsed.get_body(("plain",)).get_content()


@pytest.mark.parametrize("provider", ["sendgrid", "smtp"])
async def test_odd_addresses_are_refused_with_a_reason_or_are_one_address(workspace, caplog, provider):
    odd = dict(zip(MEMBERS, ADDRESSES, strict=False))
    run = workspace.start("hi", EMAIL)
    for member, address in odd.items():
        workspace.change_contact(member, email=address)
    with caplog.at_level(logging.INFO):
        async with workspace_with_double(workspace, provider) as double:
            await to_thread(workspace.send, run)
    end_states = odd_end_states(workspace, run, odd, double)
    assert end_states["refused"] + end_states["withdrawn"] + end_states["accepted"] == len(odd)
    assert end_states["refused"] >= 8
    refusal_lines = [line for line in caplog.text.splitlines() if "refused" in line]
    assert len(refusal_lines) == end_states["refused"]
    assert "@" not in caplog.text
    assert "evil.example" not in caplog.text  # no opaque name can hold its dot


async def test_odd_numbers_are_refused_with_a_reason_or_are_one_number(workspace, caplog):
    odd = dict(zip(MEMBERS, NUMBERS, strict=False))
    run = workspace.start("hi", SMS)
    for member, number in odd.items():
        workspace.change_contact(member, phone=number)
    with caplog.at_level(logging.INFO):
        async with workspace_with_double(workspace, "twilio") as double:
            await to_thread(workspace.send, run)
    end_states = odd_end_states(workspace, run, odd, double)
    assert end_states["refused"] + end_states["withdrawn"] + end_states["accepted"] == len(odd)
    assert set(double.mailboxes.received) >= {
        workspace.contact(member)["phone"] for member in MEMBERS if member not in odd
    }
    assert not any(number in caplog.text for number in NUMBERS if len(number) > 3)
