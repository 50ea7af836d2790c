"""Undo of a stop behind a settings link: only what that press ended, once, for ten minutes (C-05, C-12, C-13)."""

import html
import re

import pytest

from audiences.consent.consent_state import ConsentSource
from campaigns.web.members.undo_stop import UNDO_LIFETIME
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.stopped_choices import NEWSLETTER, allowed, settings_link, stop, undo
from tests.support.web_client import AINO


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
