"""Erasure, corrections and other requests about personal data, by a member on their page (GD-11, GD-12, GD-16)."""

import pytest

from campaigns.core.model.enums import Language
from campaigns.core.model.privacy_rights import RequestOutcome
from campaigns.people.privacy import requests
from tests.support.data_page import ERASE, filed_requests, session_token, type_fresh_code
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import AINO, MAIL


async def test_filed_requests_are_listed_with_their_due_dates(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    page = await web.get("/me/data?lang=en")
    assert "Your requests" not in page.text
    proof = hidden_fields(page.text)["proof"][0]
    await web.post("/me/requests", data={"proof": proof, "kind": "correct", "words": "It is Mäki."})
    page = (await web.get("/me/data?lang=en")).text
    assert "Correction of the data, filed on 1 Jan 2018" in page
    assert "We answer by 1 Feb 2018" in page
    requests.close(web_workspace.engine.context, 1, RequestOutcome.DONE)
    page = (await web.get("/me/data?lang=en")).text
    assert "We answer by" not in page
    assert "Done" in page


async def test_gd16_a_correction_is_filed_with_its_text(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await session_token(web)
    for text, status in (("", 400), ("My name is Aino Mäki.", 200)):
        answer = await web.post("/me/requests", data={"proof": proof, "kind": "correct", "words": text})
        assert answer.status_code == status
    assert filed_requests(web_workspace) == [(AINO, "correct", "web", "My name is Aino Mäki.")]


async def test_request_kinds_not_offered_are_refused(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await session_token(web)
    assert (await web.post("/me/requests", data={"proof": proof, "kind": "erase"})).status_code == 400
    assert filed_requests(web_workspace) == []


async def test_gd12_a_member_erases_their_data_and_gets_a_last_notice(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    assert (await web.post(ERASE, data={"proof": proof})).status_code == 400
    page = await web.post(ERASE, data={"proof": proof, "word": " poista "})
    assert page.status_code == 200
    assert 'action="/me/code' in (await web.get("/me")).text
    assert [to for to, _ in web_workspace.notices()][-1] == MAIL
    assert MAIL not in str(web_workspace.ledger_dump())
    assert f"'{AINO}'" not in str(web_workspace.ledger_dump())


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (Language.FI, "Viimeinen viestimme sinulle: kopiomme poistetaan viimeistään 1.2.2018."),
        (Language.SV, "Vårt sista meddelande till dig: vår kopia raderas senast 1.2.2018."),
        (Language.EN, "Our last message to you: our copy is deleted by 1 Feb 2018."),
    ],
)
async def test_gd12_the_page_after_an_erasure_names_what_goes_later_and_when(web_workspace, web, language, line):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.post(f"{ERASE}?lang={language}", data={"proof": proof, "word": "ERASE"})
    assert f"<li>{line}</li>" in page.text


async def test_gd12_an_erasure_during_an_import_is_filed_as_a_request(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    with web_workspace.engine.context.repository.warehouse.write_lock():
        page = await web.post(ERASE, data={"proof": proof, "word": "ERASE"})
    assert page.status_code == 200
    assert filed_requests(web_workspace) == [(AINO, "erase", "web", "")]
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
@pytest.mark.parametrize(
    "word", ["", "yes", "POIST", "POISTA POISTA", "DELETE", "' OR 1=1 --", "<b>POISTA</b>", "x" * 300]
)
async def test_gd12_nothing_is_erased_without_the_word_for_it(web_workspace, web, word):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.post(f"{ERASE}?lang=fi", data={"proof": proof, "word": word})
    assert page.status_code == 400
    assert "Mitään ei poistettu" in page.text
    assert "<b>POISTA" not in page.text
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
async def test_gd11_forty_corrections_typed_on_the_page_are_one_open_request(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await session_token(web)
    for number in range(40):
        answer = await web.post("/me/requests", data={"proof": proof, "kind": "correct", "words": f"Katu {number}."})
        assert answer.status_code == 200
    ((member, kind, source, words),) = filed_requests(web_workspace)
    assert (member, kind, source) == (AINO, "correct", "web")
    assert all(f"Katu {number}." in words for number in range(40))


@pytest.mark.hostile
async def test_gd11_a_correction_that_no_longer_fits_is_refused_and_stays_in_its_field(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await session_token(web)
    for number in range(6):
        text = f"<i>{number}{'x' * 1_900}"
        answer = await web.post("/me/requests?lang=en", data={"proof": proof, "kind": "correct", "words": text})
    assert answer.status_code == 400
    assert "was not added" in answer.text
    assert "&lt;i&gt;5xxx" in answer.text
