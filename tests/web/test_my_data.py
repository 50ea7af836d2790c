"""Personal data, shown and exported behind a fresh code (C-10, C-11, GD-15)."""

import io
import json
import re
import zipfile

import pytest

from audiences.access import sessions
from campaigns.core.model.enums import Language
from tests.support.data_page import ERASE, EXPORT, LIFT, SHOW_ALL, audit_rows, session_token, type_fresh_code
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import AINO, MAIL, SHARERS


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
    proof = await session_token(web)
    page = await web.post("/me/code", data={"address": MAIL})
    typed = {"proof": proof, "challenge": hidden_fields(page.text)["challenge"][0], "code": web_workspace.codes()[-1]}
    assert (await web.post("/me/data/proof", data=typed)).status_code == 400


async def test_c11_the_fresh_code_of_another_member_opens_nothing(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    await type_fresh_code(web_workspace, web)
    await sign_in(web_workspace, web, "perhe@example.org", place=-2)
    proof = await session_token(web)
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


async def test_the_code_page_says_where_the_code_went_and_links_back(web_workspace, web):
    await sign_in(web_workspace, web, MAIL)
    proof = await session_token(web)
    for by, to in (("email", MAIL), ("sms", "+358401230001")):
        page = await web.post("/me/data/code?lang=en", data={"proof": proof, "by": by})
        assert f"on its way to {to}" in page.text
        assert 'href="/me/data?lang=en">Ask for a new code' in page.text


@pytest.mark.parametrize("path", ["/me/data/code", "/me/data/proof", SHOW_ALL, EXPORT, "/me/requests", LIFT, ERASE])
async def test_forms_with_another_csrf_token_are_refused(web_workspace, web, path):
    await sign_in(web_workspace, web, MAIL)
    await type_fresh_code(web_workspace, web)
    before = web_workspace.ledger_dump()
    answer = await web.post(path, data={"proof": "another", "kind": "object", "form": "json", "word": "ERASE"})
    assert answer.status_code == 403
    assert web_workspace.ledger_dump() == before


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
