"""One click ends the kind of message at once, for all members sharing the address (E-20 to E-27, C-04)."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from audiences.consent.consent_state import ConsentSource
from tests.support.web_client import AINO, SHARERS

URLENCODED: Final = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}}
ONE_CLICK: Final = {"content": b"List-Unsubscribe=One-Click", **URLENCODED}
MULTIPART: Final = {
    "content": b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n',
    "headers": {"Content-Type": "multipart/form-data; boundary=b"},
}
OPT_OUTS: Final[Mapping[str, tuple[str, str, bool]]] = {
    "letters": ("unsubscribe", "newsletter:food", False),
    "offers": ("unsubscribe", "email_own", False),
    "coffee": ("unsubscribe", "email_own", False),
    "hotel": ("unsubscribe", "email_partner", False),
    "owners": ("unsubscribe", "no_owner_post", True),
    "asking": ("unsubscribe", "no_surveys_or_phone", True),
    "texts": ("stop", "sms_own", False),
    "hotel_texts": ("stop", "sms_partner", False),
}
OTHER_BODIES: Final = {
    "nothing": {},
    "another value": {"content": b"List-Unsubscribe=Two-Click", **URLENCODED},
    "another case": {"content": b"list-unsubscribe=one-click", **URLENCODED},
    "twice": {"content": b"List-Unsubscribe=One-Click&List-Unsubscribe=One-Click", **URLENCODED},
    "json": {"json": {"List-Unsubscribe": "One-Click"}},
    "text": {"content": b"List-Unsubscribe=One-Click", "headers": {"Content-Type": "text/plain"}},
    "a file": {"files": {"List-Unsubscribe": b"One-Click"}},
    "a truncated multipart": {
        "content": b"--x\r\nCont",
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    },
    "no boundary": {"content": b"--b", "headers": {"Content-Type": "multipart/form-data"}},
    "no UTF-8": {"content": b"List-Unsubscribe=One-Click\xff", **URLENCODED},
}


@pytest.mark.parametrize("body", [ONE_CLICK, MULTIPART], ids=["urlencoded", "multipart"])
@pytest.mark.parametrize("campaign", OPT_OUTS)
async def test_e22_one_click_ends_the_kind_of_message_and_nothing_else(web_workspace, web, campaign, body):
    scope, choice, on = OPT_OUTS[campaign]
    answer = await web.post(web_workspace.link(campaign, scope=scope), **body)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert [(entry.choice, entry.on, entry.source) for entry in web_workspace.record()] == [
        (choice, on, ConsentSource.ONE_CLICK)
    ]


async def test_e22_repeated_clicks_record_one_entry_and_get_the_same_answer(web_workspace, web):
    answers = []
    for _ in range(3):
        answers.append(await web.post(web_workspace.link("letters"), **ONE_CLICK))
        web_workspace.clock.advance(minutes=1)
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert len(web_workspace.record()) == 1


@pytest.mark.parametrize("body", OTHER_BODIES.values(), ids=OTHER_BODIES)
async def test_any_other_body_changes_nothing(web_workspace, web, body):
    before = web_workspace.ledger_dump()
    answer = await web.post(web_workspace.link("letters"), **body)
    assert answer.status_code == 400
    assert web_workspace.ledger_dump() == before


async def test_the_button_of_the_page_records_the_web_as_source(web_workspace, web):
    await web.post(web_workspace.link("letters"), data={"List-Unsubscribe": "One-Click", "page": "1"})
    assert [(entry.choice, entry.source) for entry in web_workspace.record()] == [
        ("newsletter:food", ConsentSource.WEB)
    ]


async def test_one_click_applies_to_every_member_sharing_the_mailbox(web_workspace, web):
    one, other = SHARERS
    await web.post(web_workspace.link("letters", one), **ONE_CLICK)
    assert [entry.choice for entry in web_workspace.record(one)] == ["newsletter:food"]
    assert [entry.choice for entry in web_workspace.record(other)] == ["newsletter:food"]
    assert web_workspace.record(AINO) == []


async def test_one_click_applies_to_every_member_sharing_the_phone_number(web_workspace, web):
    run = web_workspace.run("texts")
    one = next(member for member in SHARERS if member in web_workspace.channels(run))
    await web.post(web_workspace.link("texts", one, "stop"), **ONE_CLICK)
    assert [entry.choice for member in SHARERS for entry in web_workspace.record(member)] == ["sms_own", "sms_own"]


async def test_a_sharer_with_owner_post_on_paper_keeps_it(web_workspace, web):
    one, other = SHARERS
    web_workspace.record_choices(other, "electronic_owner_post", on=False)
    await web.post(web_workspace.link("owners", one), **ONE_CLICK)
    assert [entry.choice for entry in web_workspace.record(one)] == ["no_owner_post"]
    assert "no_owner_post" not in [entry.choice for entry in web_workspace.record(other)]


async def test_service_messages_have_no_opt_out(web_workspace, web):
    before = web_workspace.ledger_dump()
    answer = await web.post(web_workspace.link("service"), **ONE_CLICK)
    assert answer.status_code == 200
    assert web_workspace.ledger_dump() == before


async def test_dl05_one_click_withdraws_unclaimed_deliveries_and_excludes_from_the_next_run(web_workspace, web):
    run = web_workspace.run("letters")
    one, other = SHARERS
    await web.post(web_workspace.link("letters", AINO), **ONE_CLICK)
    await web.post(web_workspace.link("letters", one), **ONE_CLICK)
    web_workspace.send(run)
    states: Mapping[str, Any] = web_workspace.end_states(run)
    assert {member: state for member, state in states.items() if state != ("accepted", None)} == {
        AINO: ("withdrawn", "consent_withdrawn"),
        one: ("withdrawn", "consent_withdrawn"),
    }
    assert web_workspace.skips(web_workspace.run("letters")) == {other: "address_dedup"}
    web_workspace.clock.advance(days=1)
    following, _ = web_workspace.plan("letters")
    assert set(web_workspace.channels(following)) == set(states) - {AINO, one}
    assert other not in web_workspace.channels(following)


async def test_one_click_of_an_erased_member_records_nothing(web_workspace, web):
    link = web_workspace.link("letters")
    web_workspace.erase(AINO)
    before = web_workspace.ledger_dump()
    answer = await web.post(link, **ONE_CLICK)
    assert answer.status_code == 200
    assert web_workspace.ledger_dump() == before
