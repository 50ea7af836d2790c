"""One click ends what the message was one of, for all who share the address, at once (E-20 to E-27, C-04)."""

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
ENDED: Final[Mapping[str, tuple[str, str, bool]]] = {
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
    "a torn multipart": {"content": b"--x\r\nCont", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    "no boundary": {"content": b"--b", "headers": {"Content-Type": "multipart/form-data"}},
    "no UTF-8": {"content": b"List-Unsubscribe=One-Click\xff", **URLENCODED},
}


@pytest.mark.parametrize("body", [ONE_CLICK, MULTIPART], ids=["urlencoded", "multipart"])
@pytest.mark.parametrize("campaign", ENDED)
async def test_e22_one_click_ends_the_kind_of_message_and_nothing_else(town, web, campaign, body):
    scope, choice, on = ENDED[campaign]
    answer = await web.post(town.way(campaign, scope=scope), **body)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert [(entry.choice, entry.on, entry.source) for entry in town.record()] == [
        (choice, on, ConsentSource.ONE_CLICK)
    ]


async def test_e22_three_clicks_are_one_entry_and_the_same_answer(town, web):
    answers = []
    for _ in range(3):
        answers.append(await web.post(town.way("letters"), **ONE_CLICK))
        town.hands.go(minutes=1)
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert len(town.record()) == 1


@pytest.mark.parametrize("body", OTHER_BODIES.values(), ids=OTHER_BODIES)
async def test_any_other_body_changes_nothing(town, web, body):
    before = town.everything()
    answer = await web.post(town.way("letters"), **body)
    assert answer.status_code == 400
    assert town.everything() == before


async def test_the_button_of_the_page_says_that_it_was_pressed_on_the_page(town, web):
    await web.post(town.way("letters"), data={"List-Unsubscribe": "One-Click", "page": "1"})
    assert [(entry.choice, entry.source) for entry in town.record()] == [("newsletter:food", ConsentSource.WEB)]


async def test_whoever_shares_the_mailbox_is_bound_too(town, web):
    one, other = SHARERS
    await web.post(town.way("letters", one), **ONE_CLICK)
    assert [entry.choice for entry in town.record(one)] == ["newsletter:food"]
    assert [entry.choice for entry in town.record(other)] == ["newsletter:food"]
    assert town.record(AINO) == []


async def test_whoever_shares_the_telephone_is_bound_too(town, web):
    run = town.run("texts")
    one = next(member for member in SHARERS if member in town.channels(run))
    await web.post(town.way("texts", one, "stop"), **ONE_CLICK)
    assert [entry.choice for member in SHARERS for entry in town.record(member)] == ["sms_own", "sms_own"]


async def test_a_sharer_who_gets_the_owners_post_on_paper_keeps_it(town, web):
    one, other = SHARERS
    town.say(other, "electronic_owner_post", on=False)
    await web.post(town.way("owners", one), **ONE_CLICK)
    assert [entry.choice for entry in town.record(one)] == ["no_owner_post"]
    assert "no_owner_post" not in [entry.choice for entry in town.record(other)]


async def test_a_service_message_cannot_be_ended(town, web):
    before = town.everything()
    answer = await web.post(town.way("service"), **ONE_CLICK)
    assert answer.status_code == 200
    assert town.everything() == before


async def test_dl05_what_is_not_claimed_yet_is_withdrawn_and_the_next_run_leaves_the_member_out(town, web):
    run = town.run("letters")
    one, other = SHARERS
    await web.post(town.way("letters", AINO), **ONE_CLICK)
    await web.post(town.way("letters", one), **ONE_CLICK)
    town.send(run)
    ends: Mapping[str, Any] = town.ends(run)
    assert {member: end for member, end in ends.items() if end != ("accepted", None)} == {
        AINO: ("withdrawn", "consent_withdrawn"),
        one: ("withdrawn", "consent_withdrawn"),
    }
    assert town.skips(town.run("letters")) == {other: "address_dedup"}
    town.hands.go(days=1)
    following, _ = town.plan("letters")
    assert set(town.channels(following)) == set(ends) - {AINO, one}
    assert other not in town.channels(following)


async def test_nobody_who_was_erased_gets_an_entry(town, web):
    way = town.way("letters")
    town.erase(AINO)
    before = town.everything()
    answer = await web.post(way, **ONE_CLICK)
    assert answer.status_code == 200
    assert town.everything() == before
