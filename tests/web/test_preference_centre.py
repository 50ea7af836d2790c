"""Preference centre of a signed-in member: each choice under its consent text, only changes recorded (C-01, C-13)."""

import html
import re
from datetime import timedelta

import pytest

from audiences.access import sessions
from audiences.consent.choices import consent_state_of
from audiences.consent.consent_state import ConsentSource
from campaigns.core.model.enums import Choice
from campaigns.store.people.audit import subject_of_member
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import AINO, MAIL, SHARERS


@pytest.fixture
async def centre(web_workspace, web):
    """The fields of Aino's preference centre in English."""
    await sign_in(web_workspace, web, MAIL)
    page = await web.get("/me?lang=en")
    return hidden_fields(page.text)


def shown_value(centre, choice):
    return next(value for value in centre["shown"] if value.startswith(f"{choice}|"))


def form(centre, *, tick=(), untick=(), **other):
    ticked = [choice for choice in centre["on"] if choice not in untick] + list(tick)
    return {"proof": centre["proof"][0], "shown": centre["shown"], "on": ticked, **other}


def consent_state(web_workspace, member=AINO):
    with web_workspace.engine.context.ledger.read() as connection:
        return consent_state_of(connection, member)


def test_every_choice_is_offered_once_with_its_current_state(centre):
    offered = [value.split("|")[0] for value in centre["shown"]]
    member_choices = set(Choice) - {Choice.RESTRICTED, Choice.ADDRESS_SECRET, Choice.DECEASED}
    assert sorted(offered) == sorted({*member_choices, "newsletter:food"})
    no_objection = {"no_owner_post", "no_direct_mail", "no_surveys_or_phone", "no_purchase_detail"}
    permitted = {"newsletter:food", "email_own", "sms_own", "email_partner", "sms_partner", "electronic_owner_post"}
    assert set(centre["on"]) == permitted | no_objection


async def test_changes_are_recorded_with_consent_text_and_language(web_workspace, web, centre):
    answer = await web.post("/me/choices?lang=en", data=form(centre, tick=["tracking"], untick=["no_direct_mail"]))
    assert answer.status_code == 200
    entries = {entry.choice: entry for entry in web_workspace.record()}
    assert {choice: entry.on for choice, entry in entries.items()} == {"tracking": True, "no_direct_mail": True}
    for choice, entry in entries.items():
        assert (entry.source, entry.language) == (ConsentSource.WEB, "en")
        assert entry.wording == shown_value(centre, choice).split("|")[2]
    texts = {row[0]: row for row in web_workspace.ledger_dump()["wording"]}
    assert "Noting which links I open" in texts[entries["tracking"].wording][3]


async def test_withdrawn_consent_can_be_given_again(web_workspace, web, centre):
    await web.post("/me/choices?lang=en", data=form(centre, untick=["email_own"]))
    assert Choice.EMAIL_OWN not in consent_state(web_workspace).on
    web_workspace.clock.advance(minutes=1)
    fields = hidden_fields((await web.get("/me?lang=en")).text)
    await web.post("/me/choices?lang=en", data=form(fields, tick=["email_own"]))
    assert Choice.EMAIL_OWN in consent_state(web_workspace).on


async def test_a_tick_at_no_marketing_records_the_objection(web_workspace, web, centre):
    await web.post("/me/choices?lang=en", data=form(centre, tick=["no_marketing"]))
    assert Choice.NO_MARKETING in consent_state(web_workspace).on


@pytest.mark.parametrize(
    ("choice", "message"),
    [("no_marketing", "All marketing is stopped"), ("restricted", "use of your data is restricted")],
)
async def test_a_restriction_or_general_objection_is_shown_above_the_choices(
    web_workspace, web, centre, choice, message
):
    assert message not in (await web.get("/me?lang=en")).text
    web_workspace.record_choices(AINO, choice)
    assert message in (await web.get("/me?lang=en")).text


async def test_an_unchanged_form_records_nothing(web_workspace, web, centre):
    answer = await web.post("/me/choices?lang=en", data=form(centre))
    assert "Nothing has changed" in answer.text
    assert web_workspace.record() == []


async def test_a_stale_page_does_not_restore_withdrawn_consent(web_workspace, web, centre):
    await web.post(web_workspace.link("letters"), data={"List-Unsubscribe": "One-Click"})
    await web.post("/me/choices?lang=en", data=form(centre, tick=["tracking"]))
    assert "food" not in consent_state(web_workspace).newsletters
    assert Choice.TRACKING in consent_state(web_workspace).on


@pytest.mark.parametrize(
    "wording", ["", "unverified", "0" * 20, "of another choice", "of another language"], ids=lambda text: text or "none"
)
async def test_consent_under_an_unknown_text_refuses_the_whole_form(web_workspace, web, centre, wording):
    if wording == "of another choice":
        wording = shown_value(centre, "email_own").split("|")[2]
    elif wording == "of another language":
        finnish = hidden_fields((await web.get("/me?lang=fi")).text)
        wording = shown_value(finnish, "tracking").split("|")[2]
    fields = {**form(centre, tick=["tracking"], untick=["email_own"])}
    fields["shown"] = ["email_own|on|", f"tracking|off|{wording}"]
    before = web_workspace.ledger_dump()
    assert (await web.post("/me/choices?lang=en", data=fields)).status_code == 400
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize("entry", ["deceased|off|x", "newsletter:none|off|x", "email_own|maybe|x", "email_own", "|"])
async def test_choices_not_offered_are_refused(web_workspace, web, centre, entry):
    before = web_workspace.ledger_dump()
    fields = {"proof": centre["proof"][0], "shown": entry, "on": entry.split("|")[0]}
    assert (await web.post("/me/choices", data=fields)).status_code == 400
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize("path", ["/me/choices", "/me/contact", "/me/contact/code", "/me/out"])
@pytest.mark.parametrize("proof", [None, "", "x", "of another session"])
async def test_forms_without_the_sessions_csrf_token_are_refused(web_workspace, web, centre, path, proof):
    if proof == "of another session":
        proof = web_workspace.engine.context.signer.keyed_hash("form", "another secret")
    fields = form(centre, tick=["tracking"]) | ({} if proof is None else {"proof": proof})
    if proof is None:
        del fields["proof"]
    before = web_workspace.ledger_dump()
    assert (await web.post(path, data=fields)).status_code == 403
    assert web_workspace.ledger_dump() == before


async def test_a_session_ends_by_expiry_and_by_signing_out(web_workspace, web, centre):
    assert "Your contact details" in (await web.get("/me?lang=en")).text
    await web.post("/me/out", data={"proof": centre["proof"][0]})
    assert web_workspace.ledger_dump()["member_session"] == []
    web_workspace.clock.advance(hours=1)
    await sign_in(web_workspace, web, MAIL)
    web_workspace.clock.time += sessions.SESSION_LIFETIME - timedelta(seconds=1)
    assert "Your contact details" in (await web.get("/me?lang=en")).text
    web_workspace.clock.time += timedelta(seconds=1)
    page = await web.get("/me?lang=en")
    assert "Your contact details" not in page.text
    assert MAIL not in page.text


async def test_the_language_of_messages_can_be_changed(web_workspace, web, centre):
    assert web_workspace.contact(AINO)["language"] == "sv"
    answer = await web.post("/me/choices?lang=en", data=form(centre, language="fi"))
    assert "Finnish" in answer.text
    assert web_workspace.contact(AINO)["language"] == "fi"


async def test_a_new_address_is_used_after_its_code_and_the_old_one_is_notified(web_workspace, web, centre):
    proof = {"proof": centre["proof"][0]}
    page = await web.post("/me/contact", data={**proof, "kind": "email", "address": "Uusi@Example.org"})
    assert web_workspace.contact(AINO)["email"] == MAIL
    challenge = hidden_fields(page.text)["challenge"][0]
    wrong = await web.post("/me/contact/code", data={**proof, "challenge": challenge, "code": "0000 0000"})
    assert wrong.status_code == 400
    assert web_workspace.contact(AINO)["email"] == MAIL
    done = await web.post("/me/contact/code", data={**proof, "challenge": challenge, "code": web_workspace.codes()[-1]})
    assert "Uusi@example.org" in page.text
    assert "Uusi@example.org" in done.text
    assert (web_workspace.contact(AINO)["email"], web_workspace.contact(AINO)["mailbox"]) == (
        "Uusi@example.org",
        "uusi@example.org",
    )
    assert [to for to, _ in web_workspace.notices()] == [MAIL, "Uusi@example.org", MAIL]
    assert web_workspace.ledger_dump()["audit"][-1][3:5] == (
        "change_contact",
        subject_of_member(web_workspace.engine.context.signer, AINO),
    )


async def test_a_new_phone_number_is_verified_by_sms(web_workspace, web, centre):
    proof = {"proof": centre["proof"][0]}
    page = await web.post("/me/contact", data={**proof, "kind": "phone", "address": "050 987 6543"})
    challenge = hidden_fields(page.text)["challenge"][0]
    await web.post("/me/contact/code", data={**proof, "challenge": challenge, "code": web_workspace.codes()[-1]})
    assert web_workspace.contact(AINO)["phone"] == "+358509876543"


@pytest.mark.parametrize(
    ("kind", "address", "message"),
    [
        ("email", "no address", "We cannot write to this address"),
        ("phone", "12 <b>", "We cannot send to this number"),
        ("email", "a@b\r\nBcc: c@d.fi", "We cannot write to this address"),
    ],
)
async def test_an_invalid_address_gets_no_code_and_can_be_corrected(web_workspace, web, centre, kind, address, message):
    notice_count = len(web_workspace.notices())
    answer = await web.post("/me/contact?lang=en", data={"proof": centre["proof"][0], "kind": kind, "address": address})
    assert answer.status_code == 400
    assert message in answer.text
    (field,) = re.findall(r"<input[^>]+autofocus>", answer.text)
    assert 'name="address"' in field
    assert f'value="{html.escape(address)}"' in field
    assert len(web_workspace.notices()) == notice_count


async def test_the_code_of_one_member_does_not_change_another(web_workspace, web, centre):
    other = SHARERS[0]
    page = await web.post(
        "/me/contact", data={"proof": centre["proof"][0], "kind": "email", "address": "uusi@example.org"}
    )
    challenge, code = hidden_fields(page.text)["challenge"][0], web_workspace.codes()[-1]
    web.cookies.clear()
    web_workspace.clock.advance(minutes=1)
    await sign_in(web_workspace, web, "perhe@example.org")
    proof = hidden_fields((await web.get("/me")).text)["proof"][0]
    answer = await web.post("/me/contact/code", data={"proof": proof, "challenge": challenge, "code": code})
    assert answer.status_code == 400
    assert web_workspace.contact(other)["email"] == "perhe@example.org"
    assert web_workspace.contact(AINO)["email"] == MAIL
