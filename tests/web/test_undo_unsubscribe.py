"""Undo of the press of an unsubscribe page, for everybody whose messages it ended (C-05, C-12)."""

import re
from typing import Final

import pytest

from tests.support.page_walk import hidden_fields
from tests.support.stopped_choices import NEWSLETTER, allowed, stop, undo
from tests.support.web_client import AINO, SHARERS

ONE_BUTTON: Final = {"List-Unsubscribe": "One-Click", "page": "1"}
ENDED_BY_ONE_BUTTON: Final = {
    "letters": ("unsubscribe", NEWSLETTER),
    "offers": ("unsubscribe", "email_own"),
    "hotel": ("unsubscribe", "email_partner"),
    "owners": ("unsubscribe", "no_owner_post"),
    "asking": ("unsubscribe", "no_surveys_or_phone"),
    "texts": ("stop", "sms_own"),
}
UNDO_WORDS: Final = {"fi": ("Kumoa", "Kumottu"), "sv": ("Ångra", "Ångrat"), "en": ("Undo", "Undone")}


async def press_one_button(web_workspace, web, campaign="letters", member=AINO, language="en"):
    """Press the button of the unsubscribe page; return the answer."""
    scope, _ = ENDED_BY_ONE_BUTTON[campaign]
    link = web_workspace.link(campaign, member, scope)
    answer = await web.post(f"{link}?lang={language}", data=ONE_BUTTON)
    web_workspace.clock.advance(seconds=20)
    return answer


async def press_undo(web, page):
    """Press the button of the undo form of a page."""
    (action,) = re.findall(r'action="(/p/[^"]+)" class="undo"', page)
    return await web.post(action, data={"undo": hidden_fields(page)["undo"][0]})


@pytest.mark.parametrize("campaign", ENDED_BY_ONE_BUTTON)
async def test_c05_the_unsubscribe_page_undoes_its_press(web_workspace, web, campaign):
    _, choice = ENDED_BY_ONE_BUTTON[campaign]
    assert allowed(web_workspace, choice)
    stopped = await press_one_button(web_workspace, web, campaign)
    assert not allowed(web_workspace, choice)
    assert (await press_undo(web, stopped.text)).status_code == 200
    assert allowed(web_workspace, choice)


@pytest.mark.parametrize("language", UNDO_WORDS)
async def test_the_undo_of_the_unsubscribe_page_speaks_the_members_language(web_workspace, web, language):
    button, title = UNDO_WORDS[language]
    stopped = await press_one_button(web_workspace, web, language=language)
    assert f">{button}</button>" in stopped.text
    undone = await press_undo(web, stopped.text)
    assert f"<h1>{title}</h1>" in undone.text
    assert f'lang="{language}"' in undone.text


async def test_undo_of_the_unsubscribe_page_restores_everybody_whose_messages_it_ended(web_workspace, web):
    one, other = SHARERS
    web_workspace.record_choices(other, "tracking")
    stopped = await press_one_button(web_workspace, web, member=one)
    assert [allowed(web_workspace, NEWSLETTER, member) for member in SHARERS] == [False, False]
    await press_undo(web, stopped.text)
    assert [allowed(web_workspace, NEWSLETTER, member) for member in SHARERS] == [True, True]
    assert [entry.on for entry in web_workspace.record(other) if entry.choice == NEWSLETTER] == [False, True]
    assert allowed(web_workspace, "tracking", other)


@pytest.mark.hostile
async def test_undo_of_the_unsubscribe_page_restores_no_sharer_who_had_stopped_before(web_workspace, web):
    one, other = SHARERS
    web_workspace.record_choices(other, NEWSLETTER, on=False)
    web_workspace.clock.advance(seconds=5)
    stopped = await press_one_button(web_workspace, web, member=one)
    await press_undo(web, stopped.text)
    assert [allowed(web_workspace, NEWSLETTER, member) for member in SHARERS] == [True, False]


@pytest.mark.hostile
async def test_undo_of_the_settings_page_touches_no_sharer(web_workspace, web):
    one, other = SHARERS
    web_workspace.record_choices(other, NEWSLETTER, on=False)
    web_workspace.clock.advance(seconds=5)
    token = await stop(web_workspace, web, NEWSLETTER, one)
    before = web_workspace.record(other)
    await undo(web_workspace, web, token, one)
    assert allowed(web_workspace, NEWSLETTER, one)
    assert web_workspace.record(other) == before


@pytest.mark.hostile
async def test_one_click_of_a_mailbox_provider_is_answered_without_an_undo(web_workspace, web):
    answer = await web.post(web_workspace.link("letters"), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "undo" not in hidden_fields(answer.text)


@pytest.mark.hostile
async def test_a_message_that_nothing_stops_offers_no_undo(web_workspace, web):
    answer = await web.post(web_workspace.link("service"), data=ONE_BUTTON)
    assert "undo" not in hidden_fields(answer.text)
