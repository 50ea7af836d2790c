"""The settings link of a message: ends anything at once, shows nothing of anybody (C-05, C-07, GD-06)."""

import pytest

from campaigns.core.model.enums import Language
from campaigns.web.members.choice_list import choice_items
from campaigns.web.page_renderer import PageRenderer
from tests.support.page_walk import words
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, SHARERS

LINKED = [("letters", scope) for scope in ("unsubscribe", "preferences", "why")] + [("texts", "stop")]


async def test_what_is_ticked_ends_for_this_member_alone(town, web):
    one, other = SHARERS
    ticked = ["newsletter:food", "no_purchase_detail", "no_marketing"]
    answer = await web.post(town.way("letters", one, "preferences"), data={"stop": ticked})
    assert answer.status_code == 200
    assert {(entry.choice, entry.on) for entry in town.record(one)} == {
        ("newsletter:food", False),
        ("no_purchase_detail", True),
        ("no_marketing", True),
    }
    assert all(entry.wording != "unverified" for entry in town.record(one))
    assert town.record(other) == []


async def test_every_choice_can_be_ended_by_the_link_and_none_can_be_allowed(town, web):
    offered = choice_items(PageRenderer(town.engine.library.settings), Language.SV)
    await web.post(town.way("letters", scope="preferences"), data={"stop": list(offered)})
    record = town.record()
    assert {entry.choice for entry in record} == set(offered)
    assert not any(entry.is_opt_in for entry in record)


async def test_nothing_ticked_changes_nothing_and_says_so(town, web):
    before = town.everything()
    answer = await web.post(town.way("letters", scope="preferences") + "?lang=en", data={})
    assert "nothing has changed" in answer.text
    assert town.everything() == before


@pytest.mark.parametrize("choice", ["deceased", "restricted", "newsletter:none", "", "email_own' --"])
async def test_what_is_not_offered_cannot_be_ended(town, web, choice):
    before = town.everything()
    answer = await web.post(town.way("letters", scope="preferences"), data={"stop": ["email_own", choice]})
    assert answer.status_code == 400
    assert town.everything() == before


@pytest.mark.parametrize(("campaign", "scope"), LINKED)
async def test_a_forwarded_link_shows_nothing_of_the_member(town, web, campaign, scope):
    page = (await web.get(town.way(campaign, scope=scope))).text
    contact = town.contact(AINO)
    for secret in (AINO, *(contact[name] for name in ("first_name", "last_name", "email", "phone", "street"))):
        assert secret not in page


@pytest.mark.parametrize(("campaign", "scope"), LINKED)
async def test_the_page_of_a_link_is_the_same_whatever_the_member_has_chosen(town, web, campaign, scope):
    other = MEMBERS[6]
    town.say(other, "email_own", "sms_partner", on=False)
    town.say(other, "no_direct_mail", "no_purchase_detail")
    pages = [(await web.get(town.way(campaign, member, scope) + "?lang=en")).text for member in (AINO, other)]
    assert words(pages[0]) == words(pages[1])


@pytest.mark.parametrize("scope", ["unsubscribe", "preferences", "why"])
async def test_a_page_speaks_the_language_of_the_message_and_every_other(town, web, scope):
    way = town.way("letters", scope=scope)
    languages = [
        (await web.get(way + asked)).headers["content-language"] for asked in ("", "?lang=fi", "?lang=en", "?lang=de")
    ]
    assert languages == ["sv", "fi", "en", "sv"]


async def test_what_was_ended_by_the_link_is_confirmed_once_to_the_member(town, web):
    for _ in range(2):
        await web.post(town.way("letters", scope="preferences"), data={"stop": "email_own"})
        town.hands.go(minutes=1)
    assert [to for to, _ in town.notes()] == [f"{AINO}@example.org"]
