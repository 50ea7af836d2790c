"""Members whose names and addresses are anything: each is written to or refused alone, and nobody else is disturbed.

Imports take none of this (`tests/audiences`): it is what an earlier system, or a hand in the database, could have left.
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


def balanced(workspace: SampleWorkspace, run: Run, odd: Mapping[str, str], far: Double) -> Counter[str]:
    """What became of the odd ones; all others got theirs, nobody got two, and the balance holds."""
    ends = workspace.end_states(run)
    assert workspace.state(run) == "closed"
    assert workspace.balance(run)  # its sum is the planned sends, and every end but acceptance has its reason
    assert {ends[member] for member in MEMBERS if member not in odd} == {("accepted", None)}
    assert far.mailboxes.duplicates == {}
    accepted = [member for member, (state, _) in ends.items() if state == "accepted"]
    assert sum(map(len, far.mailboxes.received.values())) == len(accepted)
    assert not any("evil" in address for address in far.mailboxes.received)
    return Counter(ends[member][0] for member in odd)


@pytest.mark.parametrize("provider", ["sendgrid", "smtp"])
async def test_no_name_writes_a_header_or_a_template_or_keeps_anybody_from_theirs(workspace, provider):
    odd = dict(zip(MEMBERS, NAMES, strict=False))
    for member, name in odd.items():
        workspace.change_contact(member, first_name=name, last_name=name)
    run = workspace.start("hi", EMAIL)
    async with workspace_with_double(workspace, provider) as far:
        await to_thread(workspace.send, run)
    assert balanced(workspace, run, odd, far) == {"accepted": len(odd)}
    if provider == "smtp":
        for raw in far.messages:
            parsed = message_from_bytes(raw, policy=policy.default)
            assert len(parsed["To"].addresses) == 1
            assert parsed["Bcc"] is None
            assert parsed.get_all("Subject") == [parsed["Subject"]]
            assert "<script>" not in parsed.get_body(("html",)).get_content()
            assert "11111103" not in parsed.get_body(("plain",)).get_content()


@pytest.mark.parametrize("provider", ["sendgrid", "smtp"])
async def test_every_odd_address_is_refused_with_its_reason_or_is_one_address(workspace, caplog, provider):
    odd = dict(zip(MEMBERS, ADDRESSES, strict=False))
    run = workspace.start("hi", EMAIL)
    for member, address in odd.items():
        workspace.change_contact(member, email=address)
    with caplog.at_level(logging.INFO):
        async with workspace_with_double(workspace, provider) as far:
            await to_thread(workspace.send, run)
    became = balanced(workspace, run, odd, far)
    assert became["refused"] + became["withdrawn"] + became["accepted"] == len(odd)
    assert became["refused"] >= 8
    named = [line for line in caplog.text.splitlines() if "refused" in line]
    assert len(named) == became["refused"]
    assert "@" not in caplog.text
    assert "evil.example" not in caplog.text  # with its dot no opaque name can hold it


async def test_every_odd_number_is_refused_with_its_reason_or_is_one_number(workspace, caplog):
    odd = dict(zip(MEMBERS, NUMBERS, strict=False))
    run = workspace.start("hi", SMS)
    for member, number in odd.items():
        workspace.change_contact(member, phone=number)
    with caplog.at_level(logging.INFO):
        async with workspace_with_double(workspace, "twilio") as far:
            await to_thread(workspace.send, run)
    became = balanced(workspace, run, odd, far)
    assert became["refused"] + became["withdrawn"] + became["accepted"] == len(odd)
    assert set(far.mailboxes.received) >= {
        workspace.contact(member)["phone"] for member in MEMBERS if member not in odd
    }
    assert not any(number in caplog.text for number in NUMBERS if len(number) > 3)
