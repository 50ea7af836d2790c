"""Undo of a stop behind a settings link: only what that press ended, once, for ten minutes (C-05, C-12, C-13)."""

import html
import re
from typing import Final

import httpx
import pytest

from audiences.consent.choices import consent_state_of
from audiences.consent.consent_state import ConsentSource
from campaigns.core.model.enums import Choice
from campaigns.web.app import application
from campaigns.web.members.undo_stop import UNDO_LIFETIME
from tests.support.page_client import PageClient
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, SHARERS, add_newsletter

NEWSLETTER: Final = "newsletter:food"


def settings_link(web_workspace, member=AINO):
    return web_workspace.link("letters", member, "preferences")


async def stop(web_workspace, web, choice, member=AINO):
    """Press "stop" beside a choice; return the undo token of that press."""
    answer = await web.post(f"{settings_link(web_workspace, member)}?lang=en", data={"stop": choice})
    assert answer.status_code == 200
    web_workspace.clock.advance(seconds=20)
    return hidden_fields(answer.text)["undo"][0]


async def undo(web_workspace, web, token, member=AINO, language="en"):
    return await web.post(f"{settings_link(web_workspace, member)}/undo?lang={language}", data={"undo": token})


def allowed(web_workspace, choice, member=AINO):
    """Return whether the thing that a choice names comes to the member."""
    with web_workspace.engine.context.ledger.read() as connection:
        state = consent_state_of(connection, member)
    if choice.startswith("newsletter:"):
        return choice.removeprefix("newsletter:") in state.newsletters
    return (Choice(choice) in state.on) is Choice(choice).permits


@pytest.mark.parametrize("choice", [NEWSLETTER, "email_own", "no_direct_mail", "no_purchase_detail", "no_marketing"])
async def test_undo_restores_what_the_press_ended(web_workspace, web, choice):
    assert allowed(web_workspace, choice)
    token = await stop(web_workspace, web, choice)
    assert not allowed(web_workspace, choice)
    answer = await undo(web_workspace, web, token)
    assert answer.status_code == 200
    assert allowed(web_workspace, choice)


async def test_c13_undo_is_recorded_as_the_members_own_act_under_the_text_of_the_page(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    await undo(web_workspace, web, token)
    stopped, restored = web_workspace.record()
    assert (restored.choice, restored.on, restored.source, restored.language) == (
        NEWSLETTER, True, ConsentSource.WEB, "en"
    )  # fmt: skip
    assert restored.wording == stopped.wording != "unverified"
    assert restored.wording in {row[0] for row in web_workspace.ledger_dump()["wording"]}


@pytest.fixture
async def web_with_two_newsletters(web_workspace):
    add_newsletter(web_workspace)
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with PageClient(web_workspace, transport=transport, base_url="http://localhost:8000") as client:
        yield client


async def test_every_newsletter_stops_by_one_press_and_comes_back_by_one(web_workspace, web_with_two_newsletters):
    web = web_with_two_newsletters
    web_workspace.record_choices(AINO, "newsletter:pets")
    web_workspace.clock.advance(seconds=5)
    page = await web.get(settings_link(web_workspace))
    assert 'name="stop" value="newsletters"' in page.text
    token = await stop(web_workspace, web, "newsletters")
    assert not allowed(web_workspace, NEWSLETTER)
    assert not allowed(web_workspace, "newsletter:pets")
    await undo(web_workspace, web, token)
    assert allowed(web_workspace, NEWSLETTER)
    assert allowed(web_workspace, "newsletter:pets")


async def test_the_page_has_a_stop_button_a_row_and_no_tick(web_workspace, web):
    page = (await web.get(f"{settings_link(web_workspace)}?lang=en")).text
    assert 'type="checkbox"' not in page
    choices = set(re.findall(r'name="stop" value="([\w:]+)"', page))
    assert {NEWSLETTER, "email_own", "no_direct_mail", "no_marketing"} <= choices


async def test_undo_and_stop_say_the_same_whatever_was_chosen_before(web_workspace, web):
    other = MEMBERS[6]
    web_workspace.record_choices(other, "email_own", on=False)
    web_workspace.clock.advance(minutes=1)
    pages = []
    for member in (AINO, other):
        token = await stop(web_workspace, web, "email_own", member)
        pages.append(html.unescape((await undo(web_workspace, web, token, member)).text))
    first, second = (re.sub(r"/[upws]/[\w-]{34}", "/link", page) for page in pages)
    assert first == second


# the page of the unsubscribe link offers the same undo

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


# hostile: no link and no token allows what was not allowed before that very press


@pytest.mark.hostile
async def test_undo_never_allows_what_was_not_allowed_before_the_press(web_workspace, web):
    assert not allowed(web_workspace, "tracking")
    token = await stop(web_workspace, web, "tracking")
    await undo(web_workspace, web, token)
    assert not allowed(web_workspace, "tracking")


@pytest.mark.hostile
async def test_undo_never_brings_back_what_had_been_withdrawn_before_the_press(web_workspace, web):
    web_workspace.record_choices(AINO, "email_own", on=False)
    web_workspace.clock.advance(minutes=1)
    token = await stop(web_workspace, web, "email_own")
    await undo(web_workspace, web, token)
    assert not allowed(web_workspace, "email_own")


@pytest.mark.hostile
async def test_undo_never_brings_back_what_was_ended_again_meanwhile(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    web_workspace.record_choices(AINO, NEWSLETTER, on=False)
    web_workspace.clock.advance(seconds=5)
    await undo(web_workspace, web, token)
    assert not allowed(web_workspace, NEWSLETTER)


@pytest.mark.hostile
async def test_undo_works_once(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    await undo(web_workspace, web, token)
    await stop(web_workspace, web, NEWSLETTER)
    await undo(web_workspace, web, token)
    assert not allowed(web_workspace, NEWSLETTER)


@pytest.mark.hostile
async def test_undo_repeated_at_once_records_one_entry(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    for _ in range(3):
        await undo(web_workspace, web, token)
    assert [entry.on for entry in web_workspace.record()] == [False, True]


@pytest.mark.hostile
async def test_undo_ends_with_its_time(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    web_workspace.clock.time += UNDO_LIFETIME
    answer = await undo(web_workspace, web, token)
    assert answer.status_code == 400
    assert not allowed(web_workspace, NEWSLETTER)


@pytest.mark.hostile
async def test_undo_of_a_press_in_the_future_is_refused(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    web_workspace.clock.advance(minutes=-30)
    assert (await undo(web_workspace, web, token)).status_code == 400


@pytest.mark.hostile
async def test_undo_token_of_one_member_restores_nothing_for_another(web_workspace, web):
    one, other = AINO, MEMBERS[6]
    token = await stop(web_workspace, web, NEWSLETTER, one)
    await stop(web_workspace, web, NEWSLETTER, other)
    answer = await undo(web_workspace, web, token, other)
    assert answer.status_code == 400
    assert not allowed(web_workspace, NEWSLETTER, other)
    assert not allowed(web_workspace, NEWSLETTER, one)


@pytest.mark.hostile
@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda token: token[:-1],
        lambda token: token[:-1] + ("a" if token[-1] != "a" else "b"),
        lambda token: token.replace("newsletter:food", "newsletter:pets"),
        lambda token: token.replace("newsletter:food", "tracking"),
        lambda token: token.replace("newsletter:food", "newsletter:food~tracking"),
        lambda token: "9" + token,
        lambda token: token * 2,
        lambda token: token.upper(),
        lambda _: "\ud800",
        lambda _: "ä" * 60,
        lambda _: "' OR 1=1 --",
        lambda _: "." * 3,
        lambda _: "1" * 5_000,
    ],
    ids=[
        "nothing", "shortened", "last character", "another newsletter", "another choice", "a choice added",
        "another time", "twice", "upper case", "lone surrogate", "letters beyond ascii", "sql", "dots", "very long",
    ],
)  # fmt: skip
async def test_a_changed_undo_token_restores_nothing(web_workspace, web, change):
    token = await stop(web_workspace, web, NEWSLETTER)
    before = web_workspace.ledger_dump()
    changed = change(token).encode("utf-8", "surrogatepass")
    body = b"undo=" + b"".join(b"%%%02X" % byte for byte in changed)
    answer = await web.post(
        f"{settings_link(web_workspace)}/undo",
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert web_workspace.ledger_dump() == before


@pytest.mark.hostile
async def test_an_undo_token_of_another_message_restores_nothing(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    answer = await web.post(f"{web_workspace.link('offers', AINO, 'preferences')}/undo", data={"undo": token})
    assert answer.status_code == 400
    assert not allowed(web_workspace, NEWSLETTER)


@pytest.mark.hostile
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT"])
async def test_undo_is_a_press_and_never_a_link_that_a_scanner_follows(web_workspace, web, method):
    token = await stop(web_workspace, web, NEWSLETTER)
    answer = await web.request(method, f"{settings_link(web_workspace)}/undo?undo={token}")
    assert answer.status_code in {400, 404, 405}
    assert not allowed(web_workspace, NEWSLETTER)


@pytest.mark.hostile
async def test_undo_of_an_erased_member_restores_nothing(web_workspace, web):
    token = await stop(web_workspace, web, NEWSLETTER)
    web_workspace.erase(AINO)
    before = web_workspace.ledger_dump()["choice_entry"]
    await undo(web_workspace, web, token)
    assert web_workspace.ledger_dump()["choice_entry"] == before


@pytest.mark.hostile
async def test_stopping_and_undoing_again_and_again_is_limited_and_ends_stopped(web_workspace, web):
    statuses = []
    for _ in range(8):
        token = await stop(web_workspace, web, NEWSLETTER)
        statuses.append((await undo(web_workspace, web, token)).status_code)
    assert statuses.count(200) <= 5
    assert statuses[-1] == 429
    assert not allowed(web_workspace, NEWSLETTER)


@pytest.mark.hostile
async def test_several_choices_stopped_by_one_press_are_undone_alone_where_they_were_allowed(web_workspace, web):
    answer = await web.post(settings_link(web_workspace), data={"stop": [NEWSLETTER, "tracking"]})
    web_workspace.clock.advance(seconds=5)
    await undo(web_workspace, web, hidden_fields(answer.text)["undo"][0])
    assert allowed(web_workspace, NEWSLETTER)
    assert not allowed(web_workspace, "tracking")


# after a link nobody is asked for the address again


async def test_c05_after_a_link_the_code_goes_to_the_members_own_masked_address(web_workspace, web):
    link = settings_link(web_workspace)
    page = await web.post(f"{link}/code?lang=en", data={"by": "email"})
    assert "m•••@e•••.org" in page.text
    assert f"{AINO}@example.org" not in page.text
    assert f'href="{link}?lang=en"' in page.text
    assert 'href="/me?lang=en">' not in page.text
    challenge = hidden_fields(page.text)["challenge"][0]
    wrong = await web.post("/me/session?lang=en", data={**fields(page.text), "challenge": challenge, "code": "1"})
    assert wrong.status_code == 400
    assert f'href="{link}?lang=en"' in wrong.text


def fields(page):
    return {name: values[0] for name, values in hidden_fields(page).items()}


@pytest.mark.hostile
@pytest.mark.parametrize(
    "link", ["https://evil.example/", "//evil.example", "x" * 34, "../../me", "' autofocus onfocus='x", ""]
)
async def test_a_code_page_leads_back_to_no_address_but_a_valid_link(web_workspace, web, link):
    page = await web.post(f"{settings_link(web_workspace)}/code?lang=en", data={"by": "email"})
    challenge = hidden_fields(page.text)["challenge"][0]
    wrong = await web.post("/me/session?lang=en", data={"challenge": challenge, "link": link, "code": "1"})
    assert wrong.status_code == 400
    assert "evil" not in wrong.text
    assert "onfocus" not in wrong.text
    assert 'href="/me?lang=en"' in wrong.text


@pytest.mark.hostile
async def test_a_way_that_the_message_did_not_take_does_not_show_whether_we_have_a_number(web_workspace, web):
    web_workspace.change_contact(SHARERS[0], phone=None)
    pages = [
        (await web.post(f"{settings_link(web_workspace, member)}/code?lang=en", data={"by": "sms"})).text
        for member in (AINO, SHARERS[0])
    ]
    assert all("If we know the address or number" in page for page in pages)
    assert "•" not in "".join(pages)


async def test_in_the_preference_centre_all_newsletters_are_taken_or_stopped_by_one_press(
    web_workspace, web_with_two_newsletters
):
    web = web_with_two_newsletters
    await sign_in(web_workspace, web, f"{AINO}@example.org")
    for button, expected in (("all", ["food", "pets"]), ("none", [])):
        web_workspace.clock.advance(minutes=1)
        page = hidden_fields((await web.get("/me?lang=en")).text)
        form = {"proof": page["proof"][0], "shown": page["shown"], "on": page["on"], "newsletters": button}
        assert (await web.post("/me/choices?lang=en", data=form)).status_code == 200
        assert web_workspace.contact(AINO)["newsletters"] == expected
    assert {entry.choice for entry in web_workspace.record()} == {NEWSLETTER, "newsletter:pets"}


@pytest.mark.hostile
@pytest.mark.parametrize("button", ["everything", "ALL", "all,none", "' --"])
async def test_another_word_for_all_newsletters_changes_nothing(web_workspace, web, button):
    await sign_in(web_workspace, web, f"{AINO}@example.org")
    page = hidden_fields((await web.get("/me")).text)
    before = web_workspace.ledger_dump()
    form = {"proof": page["proof"][0], "shown": page["shown"], "on": page["on"], "newsletters": button}
    assert (await web.post("/me/choices", data=form)).status_code == 400
    assert web_workspace.ledger_dump() == before
