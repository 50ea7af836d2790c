"""What a signed-in member sees and changes: each choice under its wording, nothing untouched (C-01, C-13)."""

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
from tests.support.web_client import AINO, SHARERS

MAIL = f"{AINO}@example.org"


@pytest.fixture
async def centre(web_workspace, web):
    """The fields of Aino's preference centre in English."""
    await sign_in(web_workspace, web, MAIL)
    page = await web.get("/me?lang=en")
    return hidden_fields(page.text)


def shown(centre, choice):
    return next(value for value in centre["shown"] if value.startswith(f"{choice}|"))


def form(centre, *, tick=(), untick=(), **other):
    ticked = [choice for choice in centre["on"] if choice not in untick] + list(tick)
    return {"proof": centre["proof"][0], "shown": centre["shown"], "on": ticked, **other}


def stance(web_workspace, member=AINO):
    with web_workspace.engine.ledger.read() as connection:
        return consent_state_of(connection, member)


def test_every_choice_is_offered_once_and_ticked_as_it_stands(centre):
    offered = [value.split("|")[0] for value in centre["shown"]]
    own = set(Choice) - {Choice.RESTRICTED, Choice.ADDRESS_SECRET, Choice.DECEASED}
    assert sorted(offered) == sorted({*own, "newsletter:food"})
    forbidding_nothing = {"no_owner_post", "no_direct_mail", "no_surveys_or_phone", "no_purchase_detail"}
    permitted = {"newsletter:food", "email_own", "sms_own", "email_partner", "sms_partner", "electronic_owner_post"}
    assert set(centre["on"]) == permitted | forbidding_nothing


async def test_what_is_changed_is_recorded_with_its_wording_and_language(web_workspace, web, centre):
    answer = await web.post("/me/choices?lang=en", data=form(centre, tick=["tracking"], untick=["no_direct_mail"]))
    assert answer.status_code == 200
    said = {entry.choice: entry for entry in web_workspace.record()}
    assert {choice: entry.on for choice, entry in said.items()} == {"tracking": True, "no_direct_mail": True}
    for choice, entry in said.items():
        assert (entry.source, entry.language) == (ConsentSource.WEB, "en")
        assert entry.wording == shown(centre, choice).split("|")[2]
    kept = {row[0]: row for row in web_workspace.ledger_dump()["wording"]}
    assert "Noting which links I open" in kept[said["tracking"].wording][3]


async def test_a_withdrawn_permission_comes_back_by_the_members_own_act(web_workspace, web, centre):
    await web.post("/me/choices?lang=en", data=form(centre, untick=["email_own"]))
    assert Choice.EMAIL_OWN not in stance(web_workspace).on
    web_workspace.clock.advance(minutes=1)
    again = hidden_fields((await web.get("/me?lang=en")).text)
    await web.post("/me/choices?lang=en", data=form(again, tick=["email_own"]))
    assert Choice.EMAIL_OWN in stance(web_workspace).on


async def test_no_marketing_is_a_tick_that_forbids(web_workspace, web, centre):
    await web.post("/me/choices?lang=en", data=form(centre, tick=["no_marketing"]))
    assert Choice.NO_MARKETING in stance(web_workspace).on


@pytest.mark.parametrize(
    ("choice", "said"),
    [("no_marketing", "You have refused all marketing"), ("restricted", "use of your data is restricted")],
)
async def test_what_stands_above_all_ticks_is_said_over_them(web_workspace, web, centre, choice, said):
    assert said not in (await web.get("/me?lang=en")).text
    web_workspace.record_choices(AINO, choice)
    assert said in (await web.get("/me?lang=en")).text


async def test_nothing_changed_is_nothing_recorded(web_workspace, web, centre):
    answer = await web.post("/me/choices?lang=en", data=form(centre))
    assert "Nothing has changed" in answer.text
    assert web_workspace.record() == []


async def test_an_old_page_does_not_bring_back_what_was_ended_meanwhile(web_workspace, web, centre):
    await web.post(web_workspace.link("letters"), data={"List-Unsubscribe": "One-Click"})
    await web.post("/me/choices?lang=en", data=form(centre, tick=["tracking"]))
    assert "food" not in stance(web_workspace).newsletters
    assert Choice.TRACKING in stance(web_workspace).on


@pytest.mark.parametrize(
    "wording", ["", "unverified", "0" * 20, "of another choice", "of another language"], ids=lambda text: text or "none"
)
async def test_a_grant_under_an_unknown_wording_is_refused_whole(web_workspace, web, centre, wording):
    if wording == "of another choice":
        wording = shown(centre, "email_own").split("|")[2]
    elif wording == "of another language":
        finnish = hidden_fields((await web.get("/me?lang=fi")).text)
        wording = shown(finnish, "tracking").split("|")[2]
    fields = {**form(centre, tick=["tracking"], untick=["email_own"])}
    fields["shown"] = ["email_own|on|", f"tracking|off|{wording}"]
    before = web_workspace.ledger_dump()
    assert (await web.post("/me/choices?lang=en", data=fields)).status_code == 400
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize("entry", ["deceased|off|x", "newsletter:none|off|x", "email_own|maybe|x", "email_own", "|"])
async def test_what_was_not_offered_is_refused(web_workspace, web, centre, entry):
    before = web_workspace.ledger_dump()
    fields = {"proof": centre["proof"][0], "shown": entry, "on": entry.split("|")[0]}
    assert (await web.post("/me/choices", data=fields)).status_code == 400
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize("path", ["/me/choices", "/me/contact", "/me/contact/code", "/me/out"])
@pytest.mark.parametrize("proof", [None, "", "x", "of another session"])
async def test_a_form_without_the_sessions_own_proof_is_refused(web_workspace, web, centre, path, proof):
    if proof == "of another session":
        proof = web_workspace.engine.signer.keyed_hash("form", "another secret")
    fields = form(centre, tick=["tracking"]) | ({} if proof is None else {"proof": proof})
    if proof is None:
        del fields["proof"]
    before = web_workspace.ledger_dump()
    assert (await web.post(path, data=fields)).status_code == 403
    assert web_workspace.ledger_dump() == before


async def test_a_session_ends_by_itself_and_by_signing_out(web_workspace, web, centre):
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


async def test_the_language_of_messages_is_changed(web_workspace, web, centre):
    assert web_workspace.contact(AINO)["language"] == "sv"
    answer = await web.post("/me/choices?lang=en", data=form(centre, language="fi"))
    assert "Finnish" in answer.text
    assert web_workspace.contact(AINO)["language"] == "fi"


async def test_a_new_address_is_used_after_its_code_and_the_old_one_is_told(web_workspace, web, centre):
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
        subject_of_member(web_workspace.engine.signer, AINO),
    )


async def test_a_new_number_is_proved_by_text_message(web_workspace, web, centre):
    proof = {"proof": centre["proof"][0]}
    page = await web.post("/me/contact", data={**proof, "kind": "phone", "address": "050 987 6543"})
    challenge = hidden_fields(page.text)["challenge"][0]
    await web.post("/me/contact/code", data={**proof, "challenge": challenge, "code": web_workspace.codes()[-1]})
    assert web_workspace.contact(AINO)["phone"] == "+358509876543"


@pytest.mark.parametrize(
    ("kind", "address", "said"),
    [
        ("email", "no address", "This is no address"),
        ("phone", "12 <b>", "This is no telephone number"),
        ("email", "a@b\r\nBcc: c@d.fi", "This is no address"),
    ],
)
async def test_what_is_no_address_gets_no_code_and_can_be_mended(web_workspace, web, centre, kind, address, said):
    sent = len(web_workspace.notices())
    answer = await web.post("/me/contact?lang=en", data={"proof": centre["proof"][0], "kind": kind, "address": address})
    assert answer.status_code == 400
    assert said in answer.text
    (field,) = re.findall(r"<input[^>]+autofocus>", answer.text)
    assert 'name="address"' in field
    assert f'value="{html.escape(address)}"' in field
    assert len(web_workspace.notices()) == sent


async def test_the_code_of_one_member_does_not_change_another(web_workspace, web, centre):
    other = SHARERS[0]
    page = await web.post(
        "/me/contact", data={"proof": centre["proof"][0], "kind": "email", "address": "uusi@example.org"}
    )
    challenge, code = hidden_fields(page.text)["challenge"][0], web_workspace.codes()[-1]
    web.cookies.clear()
    web_workspace.clock.advance(minutes=1)
    await sign_in(web_workspace, web, "perhe@example.org")
    theirs = hidden_fields((await web.get("/me")).text)["proof"][0]
    answer = await web.post("/me/contact/code", data={"proof": theirs, "challenge": challenge, "code": code})
    assert answer.status_code == 400
    assert web_workspace.contact(other)["email"] == "perhe@example.org"
    assert web_workspace.contact(AINO)["email"] == MAIL
