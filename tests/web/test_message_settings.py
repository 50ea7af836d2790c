"""Settings link of a message: ends any choice at once, shows nothing of the member (C-05, C-07, GD-06)."""

import pytest

from campaigns.core.model.enums import Language
from campaigns.web.members.choice_list import choice_items
from campaigns.web.page_renderer import PageRenderer
from tests.support.page_walk import page_text
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, SHARERS

LINKED = [("letters", scope) for scope in ("unsubscribe", "preferences", "why")] + [("texts", "stop")]


async def test_ticked_choices_end_for_this_member_alone(web_workspace, web):
    one, other = SHARERS
    ticked = ["newsletter:food", "no_purchase_detail", "no_marketing"]
    answer = await web.post(web_workspace.link("letters", one, "preferences"), data={"stop": ticked})
    assert answer.status_code == 200
    assert {(entry.choice, entry.on) for entry in web_workspace.record(one)} == {
        ("newsletter:food", False),
        ("no_purchase_detail", True),
        ("no_marketing", True),
    }
    assert all(entry.wording != "unverified" for entry in web_workspace.record(one))
    assert web_workspace.record(other) == []


async def test_the_link_can_end_every_choice_and_allow_none(web_workspace, web):
    offered = choice_items(PageRenderer(web_workspace.engine.context.repository.settings), Language.SV)
    await web.post(web_workspace.link("letters", scope="preferences"), data={"stop": list(offered)})
    record = web_workspace.record()
    assert {entry.choice for entry in record} == set(offered)
    assert not any(entry.is_opt_in for entry in record)


async def test_an_empty_form_changes_nothing_and_says_so(web_workspace, web):
    before = web_workspace.ledger_dump()
    answer = await web.post(web_workspace.link("letters", scope="preferences") + "?lang=en", data={})
    assert "nothing has changed" in answer.text
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize("choice", ["deceased", "restricted", "newsletter:none", "", "email_own' --"])
async def test_choices_not_offered_cannot_be_ended(web_workspace, web, choice):
    before = web_workspace.ledger_dump()
    answer = await web.post(web_workspace.link("letters", scope="preferences"), data={"stop": ["email_own", choice]})
    assert answer.status_code == 400
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize(("campaign", "scope"), LINKED)
async def test_a_forwarded_link_shows_nothing_of_the_member(web_workspace, web, campaign, scope):
    page = (await web.get(web_workspace.link(campaign, scope=scope))).text
    contact = web_workspace.contact(AINO)
    for secret in (AINO, *(contact[name] for name in ("first_name", "last_name", "email", "phone", "street"))):
        assert secret not in page


@pytest.mark.parametrize(("campaign", "scope"), LINKED)
async def test_link_pages_do_not_depend_on_the_members_choices(web_workspace, web, campaign, scope):
    other = MEMBERS[6]
    web_workspace.record_choices(other, "email_own", "sms_partner", on=False)
    web_workspace.record_choices(other, "no_direct_mail", "no_purchase_detail")
    pages = [(await web.get(web_workspace.link(campaign, member, scope) + "?lang=en")).text for member in (AINO, other)]
    assert page_text(pages[0]) == page_text(pages[1])


@pytest.mark.parametrize("scope", ["unsubscribe", "preferences", "why"])
async def test_link_pages_use_the_requested_language_or_that_of_the_message(web_workspace, web, scope):
    link = web_workspace.link("letters", scope=scope)
    languages = [
        (await web.get(link + query)).headers["content-language"] for query in ("", "?lang=fi", "?lang=en", "?lang=de")
    ]
    assert languages == ["sv", "fi", "en", "sv"]


async def test_an_opt_out_by_link_is_confirmed_to_the_member_once(web_workspace, web):
    for _ in range(2):
        await web.post(web_workspace.link("letters", scope="preferences"), data={"stop": "email_own"})
        web_workspace.clock.advance(minutes=1)
    assert [to for to, _ in web_workspace.notices()] == [f"{AINO}@example.org"]
