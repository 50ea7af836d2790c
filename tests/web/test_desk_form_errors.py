"""Desk forms that are refused or irreversible: the typed values, the member concerned and the way back."""

import re

import pytest

from campaigns.core.model.roles import Role
from tests.support.desk_session import allowed_choices, open_desk_session
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

OTHER = MEMBERS[5]
NAME, OTHER_NAME = "Nimi1 Mäki", "Nimi6 Mäki"


@pytest.mark.parametrize(
    ("path", "fields", "field", "message"),
    [
        ("/contact", {"last_name": "Åkerö", "postal_code": "123", "street": "Katu 1", "city": "Kylä"}, "postal_code",
         "This is not a postal code."),
        ("/contact", {"first_name": "Öljön", "email": "no address"}, "email", "This is no e-mail address."),
        ("/merge", {"other": "m999"}, "other", "There is no such member."),
    ],
)  # fmt: skip
async def test_a_refused_form_has_its_problem_at_the_field_and_the_typed_values(desk, path, fields, field, message):
    await desk.open_member()
    page = await desk.do_task(path, **fields)
    assert page.status_code == 400
    assert f'role="alert">{message} Nothing was changed.' in page.text
    (open_form,) = re.findall(r"<details open>.*?</details>", page.text, re.DOTALL)
    for name, value in fields.items():
        assert re.search(rf'name="{name}" value="{value}"', open_form)
    (marked,) = re.findall(r"<(?:input|select)[^>]*aria-invalid[^>]*>", open_form)
    assert f'name="{field}"' in marked
    assert "autofocus" in marked
    described_by = re.search(r'aria-describedby="([\w-]+)', marked)[1]
    assert f'<p class="wrong" id="{described_by}">{message}</p>' in open_form


async def test_every_wrong_field_has_its_own_message(desk):
    await desk.open_member()
    page = await desk.do_task("/contact", email="x", phone="12", street="Katu 1", postal_code="1", city="")
    assert page.text.count("aria-invalid") == 4
    for message in ("no e-mail address", "no telephone number", "not a postal code", "town together"):
        assert message in page.text


async def test_the_page_after_a_refusal_can_be_reloaded_and_forgets_it_after_the_next_form(desk):
    await desk.open_member()
    refused = await desk.do_task("/contact", email="x")
    again = await desk.web.get(str(refused.url))
    assert again.text == refused.text
    page = await desk.do_task("/contact", email="uusi@example.org")
    assert page.url == refused.url
    assert "aria-invalid" not in page.text


async def test_a_refusal_without_a_ticket_shows_no_member(web_workspace, desk):
    await desk.open_member(OTHER)
    page = await desk.post("/merge", ticket="x", member=AINO, other="m999")
    assert page.status_code == 403
    assert NAME not in page.text


async def test_refused_and_empty_searches_keep_the_typed_values(desk):
    refused = await desk.post("/find", typed="Åke Öst", ground="visit", case="Åke Öst")
    empty = await desk.post("/find", typed="Åke Öst", ground="visit", case="A-17")
    assert (refused.status_code, empty.status_code) == (400, 200)
    for page in (refused.text, empty.text):
        assert 'name="typed" value="Åke Öst"' in page
        assert re.search(r'value="visit" required checked', page)
    assert '<p class="wrong" id="case-wrong">A case is written like A-1024.</p>' in refused.text


@pytest.mark.parametrize("typed", ["", "   "])
async def test_an_empty_search_says_what_is_missing_at_its_field(desk, typed):
    page = await desk.post("/find", typed=typed, ground="call")
    assert (page.status_code, desk.audit_notes()) == (400, [])
    assert '<p class="wrong" id="typed-wrong">Type first what to look for.</p>' in page.text


async def test_irreversible_actions_name_the_member_and_link_back(web_workspace, desk):
    await desk.open_member()
    death = await desk.do_task("/mark", choice="deceased")
    merge = await desk.do_task("/merge", other=OTHER)
    for page in (death.text, merge.text):
        assert NAME in page
        assert f'href="/desk/member/{desk.ticket}?lang=en"' in page
    assert OTHER_NAME in merge.text
    assert "The names are not the same." in merge.text
    audited = len(desk.audit_notes())
    back = await desk.page(f"/member/{desk.ticket}")
    assert f"<h1>{NAME}</h1>" in back.text
    assert len(desk.audit_notes()) == audited
    assert not web_workspace.contact(AINO)["deceased"]


async def test_a_merge_of_namesakes_shows_no_warning(web_workspace, desk):
    web_workspace.change_contact(OTHER, first_name="nimi1")
    await desk.open_member()
    assert "The names are not the same." not in (await desk.do_task("/merge", other=OTHER)).text


@pytest.mark.parametrize("choice", ["deceased", "address_secret"])
async def test_marks_say_that_only_the_privacy_officer_removes_them(web_workspace, desk, choice):
    await desk.open_member()
    page = await desk.do_task("/mark", choice=choice, confirmed="yes")
    assert "Only the privacy officer can take it back." in page.text
    assert choice in {mark.value for mark in allowed_choices(web_workspace)}


async def test_consent_texts_can_be_read_in_the_members_language(web_workspace, desk):
    page = await desk.open_member()
    assert f'href="/desk/member/{desk.ticket}?lang=sv">Read the texts' in page.text
    swedish = await desk.web.get(f"/desk/member/{desk.ticket}?lang=sv")
    assert "Förmåner per e-post" in swedish.text
    assert "Läs texterna på" not in swedish.text


async def test_an_ended_desk_session_links_to_the_desk_sign_in(web_workspace, web):
    desk = await open_desk_session(web_workspace, web, Role.DESK)
    await desk.open_member()
    web.cookies.clear()
    page = await desk.do_task("/choices")
    assert page.status_code == 403
    assert 'href="/desk?lang=en">Sign in' in page.text
    assert "/me?lang" not in page.text


async def test_the_erasure_confirmation_shows_the_request(web_workspace, web):
    officer = await open_desk_session(web_workspace, web, Role.PRIVACY_OFFICER)
    await officer.open_member()
    await officer.do_task("/file", kind="erase", words="Unohtakaa minut.")
    page = await officer.post("/requests/erase", number="1")
    assert "Unohtakaa minut." in page.text
    assert AINO in page.text
