"""What we hold, shown and handed out behind a fresh code alone, and the rights over it (C-10, C-11, GD-12 to GD-16)."""

import io
import json
import re
import zipfile

import pytest
from sqlalchemy import select

from audiences.access import sessions
from campaigns.core.model.enums import Language
from campaigns.core.model.privacy_rights import RequestOutcome
from campaigns.people.privacy import requests
from campaigns.store.people.people_tables import PRIVACY_REQUEST
from campaigns.store.runs.run_tables import AUDIT
from tests.support.page_walk import hidden, sign_in
from tests.support.web_client import AINO, SHARERS

MAIL = f"{AINO}@example.org"
WHOLE, FILE, ERASE = "/me/data/whole", "/me/data/file", "/me/erase"


async def prove(town, web, by="email", place=-1):
    """Type a fresh code in a session; returns the proof of its forms."""
    proof = hidden((await web.get("/me/data")).text)["proof"][0]
    page = await web.post("/me/data/code", data={"proof": proof, "by": by})
    typed = {"proof": proof, "challenge": hidden(page.text)["challenge"][0], "code": town.codes()[place]}
    answer = await web.post("/me/data/proof", data=typed)
    assert answer.status_code == 303
    return proof


def filed(town):
    with town.engine.ledger.read() as connection:
        rows = connection.execute(select(PRIVACY_REQUEST).order_by(PRIVACY_REQUEST.c.number)).mappings()
        return [(row["member_id"], row["kind"], row["source"], row["words"]) for row in rows]


def audited(town, action):
    with town.engine.ledger.read() as connection:
        return list(connection.execute(select(AUDIT.c.subject, AUDIT.c.detail).where(AUDIT.c.action == action)))


async def test_without_a_session_there_is_only_the_front_door(web):
    assert 'action="/me/code' in (await web.get("/me/data")).text


@pytest.mark.parametrize("way", [WHOLE, FILE, ERASE])
async def test_c11_a_session_alone_shows_and_erases_nothing(town, web, way):
    await sign_in(town, web, MAIL)
    page = await web.get("/me/data")
    assert WHOLE not in page.text
    answer = await web.post(way, data={"proof": hidden(page.text)["proof"][0], "form": "json", "sure": "yes"})
    assert answer.status_code == 403
    assert town.contact(AINO)["email"] == MAIL
    assert audited(town, "export") == []


async def test_c11_the_code_of_a_session_is_not_fresh_enough_a_second_time(town, web):
    await sign_in(town, web, MAIL)
    proof = await prove(town, web)
    town.hands.at += sessions.STEP_UP_LIFETIME
    assert (await web.post(WHOLE, data={"proof": proof})).status_code == 403


async def test_c11_a_code_to_sign_in_with_is_no_fresh_code(town, web):
    await sign_in(town, web, MAIL)
    proof = hidden((await web.get("/me/data")).text)["proof"][0]
    asked = await web.post("/me/code", data={"address": MAIL})
    typed = {"proof": proof, "challenge": hidden(asked.text)["challenge"][0], "code": town.codes()[-1]}
    assert (await web.post("/me/data/proof", data=typed)).status_code == 400


async def test_c11_the_fresh_code_of_another_member_opens_nothing(town, web):
    await sign_in(town, web, MAIL)
    await prove(town, web)
    await sign_in(town, web, "perhe@example.org", place=-2)
    proof = hidden((await web.get("/me/data")).text)["proof"][0]
    assert (await web.post(WHOLE, data={"proof": proof})).status_code == 403


@pytest.mark.parametrize("language", Language)
async def test_c10_the_whole_can_be_read(town, web, language):
    await sign_in(town, web, MAIL)
    proof = await prove(town, web)
    page = await web.post(f"{WHOLE}?lang={language}", data={"proof": proof})
    assert page.status_code == 200
    born = "1 Jan 1951" if language is Language.EN else "1.1.1951"
    for told in (MAIL, "COFFEE", "letters", "Kylätie 1", born):
        assert told in page.text
    assert not [sharer for sharer in SHARERS if sharer in page.text]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fi", ["Yhteystiedot ja jäsentiedot", "Niin kauan kuin olet jäsen", "Meillä itsellämme"]),
        ("sv", ["Kontakt- och medlemsuppgifter", "Så länge du är medlem", "Hos oss själva"]),
        ("en", ["Contact details and what the register says", "As long as you are a member", "With ourselves"]),
    ],
)
async def test_how_long_and_by_whom_is_said_in_every_language(town, web, language, words):
    await sign_in(town, web, MAIL)
    page = (await web.post(f"{WHOLE}?lang={language}", data={"proof": await prove(town, web)})).text
    ends = page[page.index('id="retention"') :]
    assert not [word for word in words if word not in ends]
    assert not re.findall(r"<td>[a-z]+_[a-z_]+</td>", ends)


async def test_gd15_it_can_be_taken_along_in_three_forms(town, web):
    await sign_in(town, web, MAIL)
    proof = await prove(town, web)
    answers = {form: await web.post(FILE, data={"proof": proof, "form": form}) for form in ("json", "csv", "html")}
    assert {answer.headers["content-disposition"].split(";")[0] for answer in answers.values()} == {"attachment"}
    assert json.loads(answers["json"].content)["contact"][0]["email"] == MAIL
    with zipfile.ZipFile(io.BytesIO(answers["csv"].content)) as archive:
        assert MAIL.encode() in archive.read("contact.csv")
    assert MAIL in answers["html"].text
    assert [detail["form"] for _, detail in audited(town, "export")] == ["json", "csv", "html"]
    assert AINO not in str(audited(town, "export"))


async def test_a_form_of_no_file_is_refused(town, web):
    await sign_in(town, web, MAIL)
    proof = await prove(town, web)
    assert (await web.post(FILE, data={"proof": proof, "form": "../../etc/passwd"})).status_code == 400


async def test_a_name_is_text_in_what_is_read_and_taken_along(town, web):
    town.move(AINO, first_name="<script>alert(1)</script>")
    await sign_in(town, web, MAIL)
    proof = await prove(town, web)
    page = await web.post(WHOLE, data={"proof": proof})
    file = await web.post(FILE, data={"proof": proof, "form": "html"})
    assert "<script>" not in page.text + file.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(("kind", "choice"), [("restrict", "restricted"), ("object", "no_marketing")])
async def test_gd13_gd16_restriction_and_objection_hold_at_once(town, web, kind, choice):
    await sign_in(town, web, MAIL)
    proof = hidden((await web.get("/me/data")).text)["proof"][0]
    page = await web.post("/me/requests", data={"proof": proof, "kind": kind})
    assert page.status_code == 200
    assert town.contact(AINO)[choice] is True
    assert filed(town) == [(AINO, kind, "web", "")]
    assert len(town.notes()) == 2  # the code, and the confirmation
    run = town.run("offers")
    town.send(run)
    assert town.ends(run)[AINO][0] == "withdrawn"


async def test_a_member_sees_what_they_asked_for_and_until_when_it_is_answered(town, web):
    await sign_in(town, web, MAIL)
    page = await web.get("/me/data?lang=en")
    assert "Your requests" not in page.text
    proof = hidden(page.text)["proof"][0]
    await web.post("/me/requests", data={"proof": proof, "kind": "correct", "words": "It is Mäki."})
    page = (await web.get("/me/data?lang=en")).text
    assert "Correction of the data, filed on 1 Jan 2018" in page
    assert "We answer by 1 Feb 2018" in page
    requests.close(town.engine, 1, RequestOutcome.DONE)
    page = (await web.get("/me/data?lang=en")).text
    assert "We answer by" not in page
    assert "Done" in page


@pytest.mark.parametrize(("kind", "undone"), [("restrict", "Customer service lifts"), ("object", "change your mind")])
async def test_it_is_said_how_to_undo_what_holds_at_once(town, web, kind, undone):
    await sign_in(town, web, MAIL)
    page = await web.get("/me/data?lang=en")
    assert undone in page.text
    filed = await web.post("/me/requests?lang=en", data={"proof": hidden(page.text)["proof"][0], "kind": kind})
    assert undone in filed.text


async def test_a_fresh_code_says_where_it_went_and_leads_back(town, web):
    await sign_in(town, web, MAIL)
    proof = hidden((await web.get("/me/data")).text)["proof"][0]
    for by, to in (("email", MAIL), ("sms", "+358401230001")):
        page = await web.post("/me/data/code?lang=en", data={"proof": proof, "by": by})
        assert f"on its way to {to}" in page.text
        assert 'href="/me/data?lang=en">Ask for a new code' in page.text


async def test_gd16_a_correction_is_filed_with_its_words(town, web):
    await sign_in(town, web, MAIL)
    proof = hidden((await web.get("/me/data")).text)["proof"][0]
    for words, status in (("", 400), ("My name is Aino Mäki.", 200)):
        answer = await web.post("/me/requests", data={"proof": proof, "kind": "correct", "words": words})
        assert answer.status_code == status
    assert filed(town) == [(AINO, "correct", "web", "My name is Aino Mäki.")]


async def test_what_cannot_be_asked_for_here_is_refused(town, web):
    await sign_in(town, web, MAIL)
    proof = hidden((await web.get("/me/data")).text)["proof"][0]
    assert (await web.post("/me/requests", data={"proof": proof, "kind": "erase"})).status_code == 400
    assert filed(town) == []


async def test_gd12_a_member_erases_themselves_and_is_told_so_once_more(town, web):
    await sign_in(town, web, MAIL)
    proof = await prove(town, web)
    assert (await web.post(ERASE, data={"proof": proof})).status_code == 400
    page = await web.post(ERASE, data={"proof": proof, "sure": "yes"})
    assert page.status_code == 200
    assert 'action="/me/code' in (await web.get("/me")).text
    assert [to for to, _ in town.notes()][-1] == MAIL
    assert MAIL not in str(town.everything())
    assert f"'{AINO}'" not in str(town.everything())


async def test_gd12_an_erasure_waits_as_a_request_while_an_import_writes(town, web):
    await sign_in(town, web, MAIL)
    proof = await prove(town, web)
    with town.engine.library.warehouse.write_lock():
        page = await web.post(ERASE, data={"proof": proof, "sure": "yes"})
    assert page.status_code == 200
    assert filed(town) == [(AINO, "erase", "web", "")]
    assert town.contact(AINO)["email"] == MAIL


@pytest.mark.parametrize("way", ["/me/data/code", "/me/data/proof", WHOLE, FILE, "/me/requests", ERASE])
async def test_a_form_that_is_not_ours_is_refused(town, web, way):
    await sign_in(town, web, MAIL)
    await prove(town, web)
    before = town.everything()
    answer = await web.post(way, data={"proof": "another", "kind": "object", "form": "json", "sure": "yes"})
    assert answer.status_code == 403
    assert town.everything() == before
