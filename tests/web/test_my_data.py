"""Personal data, shown and exported behind a fresh code, and the rights over it (C-10, C-11, GD-12 to GD-16)."""

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
from campaigns.store.people.people_tables import AUDIT, PRIVACY_REQUEST
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import AINO, SHARERS

MAIL = f"{AINO}@example.org"
SHOW_ALL, EXPORT, ERASE, LIFT = "/me/data/whole", "/me/data/file", "/me/erase", "/me/restriction"


async def type_fresh_code(web_workspace, web, by="email", place=-1):
    """Type a fresh code in a session; returns the CSRF token of its forms."""
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    page = await web.post("/me/data/code", data={"proof": proof, "by": by})
    typed = {
        "proof": proof,
        "challenge": hidden_fields(page.text)["challenge"][0],
        "code": web_workspace.codes()[place],
    }
    answer = await web.post("/me/data/proof", data=typed)
    assert answer.status_code == 303
    return proof


def filed_requests(web_workspace):
    with web_workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(PRIVACY_REQUEST).order_by(PRIVACY_REQUEST.c.number)).mappings()
        return [(row["member_id"], row["kind"], row["source"], row["words"]) for row in rows]


def audit_rows(web_workspace, action):
    with web_workspace.engine.context.ledger.read() as connection:
        return list(connection.execute(select(AUDIT.c.subject, AUDIT.c.detail).where(AUDIT.c.action == action)))


async def test_without_a_session_the_page_is_the_sign_in_form(web):
    assert 'action="/me/code' in (await web.get("/me/data")).text


@pytest.mark.parametrize("path", [SHOW_ALL, EXPORT, ERASE])
async def test_c11_a_session_without_a_fresh_code_shows_and_erases_nothing(web_workspace, web, path):
    await sign_in(web_workspace, web, MAIL)
    page = await web.get("/me/data")
    assert SHOW_ALL not in page.text
    answer = await web.post(path, data={"proof": hidden_fields(page.text)["proof"][0], "form": "json", "word": "ERASE"})
    assert answer.status_code == 403
    assert web_workspace.contact(AINO)["email"] == MAIL
    assert audit_rows(web_workspace, "export") == []


async def test_c11_a_fresh_code_expires(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    web_workspace.clock.time += sessions.STEP_UP_LIFETIME
    assert (await web.post(SHOW_ALL, data={"proof": proof})).status_code == 403


async def test_c11_a_sign_in_code_is_no_fresh_code(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    page = await web.post("/me/code", data={"address": MAIL})
    typed = {"proof": proof, "challenge": hidden_fields(page.text)["challenge"][0], "code": web_workspace.codes()[-1]}
    assert (await web.post("/me/data/proof", data=typed)).status_code == 400


async def test_c11_the_fresh_code_of_another_member_opens_nothing(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    await type_fresh_code(web_workspace, web)
    await sign_in(web_workspace, web, "perhe@example.org", place=-2)
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    assert (await web.post(SHOW_ALL, data={"proof": proof})).status_code == 403


@pytest.mark.parametrize("language", Language)
async def test_c10_all_data_is_shown(web_workspace, web, language):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.post(f"{SHOW_ALL}?lang={language}", data={"proof": proof})
    assert page.status_code == 200
    birth_date = "1 Jan 1951" if language is Language.EN else "1.1.1951"
    coffee = {Language.FI: "kahvi", Language.SV: "kaffe", Language.EN: "coffee"}[language]
    for value in (MAIL, coffee, "Kylätie 1", birth_date):
        assert value in page.text
    assert not [sharer for sharer in SHARERS if sharer in page.text]


@pytest.mark.parametrize(
    ("language", "phrases"),
    [
        ("fi", ["Yhteystiedot ja perustiedot", "Niin kauan kuin olet asiakasomistaja", "Meillä itsellämme"]),
        ("sv", ["Kontaktuppgifter och grunduppgifter", "Så länge du är ägarkund", "Hos oss själva"]),
        ("en", ["Contact details and basic details", "As long as you are a co-op member", "With ourselves"]),
    ],
)
async def test_retention_and_processors_are_shown_in_every_language(web_workspace, web, language, phrases):
    await sign_in(web_workspace, web, MAIL)
    page = (
        await web.post(f"{SHOW_ALL}?lang={language}", data={"proof": await type_fresh_code(web_workspace, web)})
    ).text
    section = page[page.index('id="retention"') :]
    assert not [phrase for phrase in phrases if phrase not in section]
    assert not re.findall(r"<td[^>]*>[a-z]+_[a-z_]+</td>", section)


async def test_gd15_the_data_is_exported_in_three_formats_and_audited(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    answers = {form: await web.post(EXPORT, data={"proof": proof, "form": form}) for form in ("json", "csv", "html")}
    assert {answer.headers["content-disposition"].split(";")[0] for answer in answers.values()} == {"attachment"}
    assert json.loads(answers["json"].content)["contact"][0]["email"] == MAIL
    with zipfile.ZipFile(io.BytesIO(answers["csv"].content)) as archive:
        assert MAIL.encode() in archive.read("contact.csv")
    assert MAIL in answers["html"].text
    assert [detail["form"] for _, detail in audit_rows(web_workspace, "export")] == ["json", "csv", "html"]
    assert AINO not in str(audit_rows(web_workspace, "export"))


async def test_an_unknown_export_format_is_refused(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    assert (await web.post(EXPORT, data={"proof": proof, "form": "../../etc/passwd"})).status_code == 400


async def test_names_are_escaped_on_the_page_and_in_the_export(web_workspace, web):
    web_workspace.change_contact(AINO, first_name="<script>alert(1)</script>")
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.post(SHOW_ALL, data={"proof": proof})
    file = await web.post(EXPORT, data={"proof": proof, "form": "html"})
    assert "<script>" not in page.text + file.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(("kind", "choice"), [("restrict", "restricted"), ("object", "no_marketing")])
async def test_gd13_gd16_restriction_and_objection_take_effect_at_once(web_workspace, web, kind, choice):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.post("/me/requests", data={"proof": proof, "kind": kind})
    assert page.status_code == 200
    assert web_workspace.contact(AINO)[choice] is True
    assert filed_requests(web_workspace) == [(AINO, kind, "web", "")]
    assert len(web_workspace.notices()) == 3  # two codes, and the confirmation
    run = web_workspace.run("offers")
    web_workspace.send(run)
    assert web_workspace.end_states(run)[AINO][0] == "withdrawn"


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


@pytest.mark.parametrize(
    ("kind", "hint"), [("restrict", "lift the restriction yourself"), ("object", "change your mind")]
)
async def test_the_page_says_how_to_undo_a_restriction_or_objection(web_workspace, web, kind, hint):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    page = await web.get("/me/data?lang=en")
    assert hint in page.text
    answer = await web.post("/me/requests?lang=en", data={"proof": proof, "kind": kind})
    assert hint in answer.text


async def test_the_code_page_says_where_the_code_went_and_links_back(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    for by, to in (("email", MAIL), ("sms", "+358401230001")):
        page = await web.post("/me/data/code?lang=en", data={"proof": proof, "by": by})
        assert f"on its way to {to}" in page.text
        assert 'href="/me/data?lang=en">Ask for a new code' in page.text


async def test_gd16_a_correction_is_filed_with_its_text(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    for text, status in (("", 400), ("My name is Aino Mäki.", 200)):
        answer = await web.post("/me/requests", data={"proof": proof, "kind": "correct", "words": text})
        assert answer.status_code == status
    assert filed_requests(web_workspace) == [(AINO, "correct", "web", "My name is Aino Mäki.")]


async def test_request_kinds_not_offered_are_refused(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
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


@pytest.mark.parametrize("path", ["/me/data/code", "/me/data/proof", SHOW_ALL, EXPORT, "/me/requests", LIFT, ERASE])
async def test_forms_with_another_csrf_token_are_refused(web_workspace, web, path):
    await sign_in(web_workspace, web, MAIL)
    await type_fresh_code(web_workspace, web)
    before = web_workspace.ledger_dump()
    answer = await web.post(path, data={"proof": "another", "kind": "object", "form": "json", "word": "ERASE"})
    assert answer.status_code == 403
    assert web_workspace.ledger_dump() == before


# restricting and lifting: both need a fresh code (C-11, GD-13)


def is_restricted(web_workspace, member=AINO):
    return web_workspace.contact(member)["restricted"]


async def session_token(web):
    return hidden_fields((await web.get("/me/data")).text)["proof"][0]


async def test_gd13_a_member_restricts_and_lifts_by_themselves(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    await web.post("/me/requests", data={"proof": proof, "kind": "restrict"})
    assert is_restricted(web_workspace)
    page = await web.get("/me?lang=en")
    assert 'href="/me/data?lang=en#rights">Lift the restriction' in page.text
    web_workspace.clock.advance(minutes=1)
    answer = await web.post(f"{LIFT}?lang=en", data={"proof": proof})
    assert "The restriction is lifted" in answer.text
    assert not is_restricted(web_workspace)
    assert len(audit_rows(web_workspace, "lift_restriction")) == 1


@pytest.mark.hostile
async def test_c11_a_restriction_without_a_fresh_code_is_refused(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await session_token(web)
    before = web_workspace.ledger_dump()
    assert (await web.post("/me/requests", data={"proof": proof, "kind": "restrict"})).status_code == 403
    assert web_workspace.ledger_dump() == before


@pytest.mark.hostile
async def test_c11_lifting_without_a_fresh_code_is_refused(web_workspace, web):
    web_workspace.record_choices(AINO, "restricted")
    await sign_in(web_workspace, web, MAIL)
    assert (await web.post(LIFT, data={"proof": await session_token(web)})).status_code == 403
    assert is_restricted(web_workspace)


@pytest.mark.hostile
@pytest.mark.parametrize("act", ["restrict", "lift"])
async def test_c11_restricting_and_lifting_with_an_expired_code_is_refused(web_workspace, web, act):
    if act == "lift":
        web_workspace.record_choices(AINO, "restricted")
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    web_workspace.clock.time += sessions.STEP_UP_LIFETIME
    path, form = (LIFT, {}) if act == "lift" else ("/me/requests", {"kind": "restrict"})
    assert (await web.post(path, data={"proof": proof, **form})).status_code == 403
    assert is_restricted(web_workspace) is (act == "lift")


@pytest.mark.hostile
async def test_gd13_the_code_of_one_member_lifts_no_restriction_of_another(web_workspace, web):
    web_workspace.record_choices(SHARERS[0], "restricted")
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    await web.post(LIFT, data={"proof": proof, "member_id": SHARERS[0], "member": SHARERS[0]})
    assert is_restricted(web_workspace, SHARERS[0])


@pytest.mark.hostile
async def test_gd13_lifting_again_and_again_is_one_entry_and_one_confirmation(web_workspace, web):
    web_workspace.record_choices(AINO, "restricted")
    web_workspace.clock.advance(minutes=1)
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    for _ in range(5):
        await web.post(LIFT, data={"proof": proof})
    assert [entry.on for entry in web_workspace.record() if entry.choice == "restricted"] == [True, False]
    assert len(audit_rows(web_workspace, "lift_restriction")) == 1


@pytest.mark.hostile
async def test_gd13_lifting_a_restriction_never_takes_back_a_death_or_a_refusal(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await type_fresh_code(web_workspace, web)
    web_workspace.record_choices(AINO, "restricted", "no_marketing", "address_secret")
    web_workspace.clock.advance(minutes=1)
    await web.post(LIFT, data={"proof": proof})
    contact = web_workspace.contact(AINO)
    assert (contact["restricted"], contact["no_marketing"], contact["address_secret"]) == (False, True, True)


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


async def test_the_page_of_all_data_is_folded_and_holds_no_keys(web_workspace, web):
    web_workspace.send(web_workspace.run("offers"))
    await sign_in(web_workspace, web, MAIL)
    page = await web.post(f"{SHOW_ALL}?lang=en", data={"proof": await type_fresh_code(web_workspace, web)})
    folded = page.text[page.text.index('<div class="folded">') :]
    assert folded.count("<details") == folded.count("</details>") >= 10
    assert "<details open" not in page.text
    keys = ("run_id", "hotel_texts-2018", "m01-CHEESE", "mäki nimi1", "everyone", "unverified", "kylätie 1|")
    assert [key for key in keys if key in page.text] == []


async def test_the_members_months_are_drawn_with_a_title_a_description_and_a_table(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    page = (await web.post(f"{SHOW_ALL}?lang=en", data={"proof": await type_fresh_code(web_workspace, web)})).text
    chart = page[page.index("<svg") : page.index("</svg>")]
    assert "Your purchases by month</title>" in chart
    assert re.search(r"<desc[^>]*>€[\d.]+ in a year\. Most in December 2017", chart)
    assert chart.count("<rect") == 12
    assert "December 2017</td>" in page
