"""Newsletter sign-up of non-members: nothing begins before the mailbox's owner confirms (GD-05)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from audiences.people import sign_ups
from audiences.tables import CONTACT, SIGN_UP
from campaigns.core.model.enums import Language
from campaigns.people import sign_up_import
from campaigns.web.network_pace import UNSLOWED
from tests.support.page_walk import hidden_fields
from tests.support.web_client import AINO, WebWorkspace

NEW = "uusi@example.org"
FORM = {"address": NEW, "on": "newsletter:food"}
_LETTER = 'purpose: newsletter\nnewsletter: food\nschedule: {at: "2018-01-02 10:30"}\nchannels: [email]\n'


def confirmation_path(web_workspace: WebWorkspace, to: str = NEW) -> str:
    """Path of the newest link sent to an address."""
    (*_, text) = [text for address, text in web_workspace.notices() if address == to]
    return re.findall(r"http://localhost:8000(/join/[\w-]+)", text)[0]


def members_with_new_address(web_workspace: WebWorkspace) -> list[str]:
    with web_workspace.engine.context.ledger.read() as connection:
        return list(connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.email == NEW)).scalars())


def sign_up_count(web_workspace: WebWorkspace) -> int:
    with web_workspace.engine.context.ledger.read() as connection:
        return len(connection.execute(select(SIGN_UP)).all())


async def test_fi01_fi03_no_box_is_ticked_in_advance(web):
    page = await web.get("/join")
    assert page.status_code == 200
    assert "newsletter:food" in page.text
    assert "on" not in hidden_fields(page.text)


async def test_fi01_no_subscription_begins_before_confirmation(web_workspace, web):
    assert (await web.post("/join", data=FORM)).status_code == 200
    link = confirmation_path(web_workspace)
    before = web_workspace.ledger_dump()
    for _ in range(3):
        assert (await web.get(link)).status_code == 200
        assert (await web.head(link)).status_code == 200
    assert web_workspace.ledger_dump() == before
    assert members_with_new_address(web_workspace) == []


async def test_confirmation_creates_a_customer_with_the_consent_text_shown(web_workspace, web):
    await web.post("/join?lang=sv", data=FORM)
    link = confirmation_path(web_workspace)
    for _ in range(2):
        assert (await web.post(link)).status_code == 200
    (member,) = members_with_new_address(web_workspace)
    (entry,) = web_workspace.record(member)
    assert (entry.choice, entry.on, entry.source, entry.language) == ("newsletter:food", True, "web", "sv")
    assert entry.wording != "unverified"
    contact = web_workspace.contact(member)
    assert (contact["register"], contact["language"], contact["newsletters"]) == ("customers", "sv", ["food"])
    assert not contact["email_own"]


async def test_a_confirmed_subscriber_gets_the_next_newsletter(web_workspace, web):
    await web.post("/join", data=FORM)
    await web.post(confirmation_path(web_workspace))
    (member,) = members_with_new_address(web_workspace)
    assert sign_up_import.import_sign_ups(web_workspace.engine.context) == 0
    web_workspace.clock.advance(minutes=16)
    assert [sign_up_import.import_sign_ups(web_workspace.engine.context) for _ in range(2)] == [1, 0]
    assert sign_up_count(web_workspace) == 0
    run = web_workspace.start("next_letter", f"{_LETTER}content: {{email: hello}}\n")
    assert web_workspace.channels(run)[member] == "email"


async def test_a_confirmation_during_an_import_is_imported_by_the_next_one(web_workspace, web, monkeypatch):
    """Its row is timestamped before the query for confirmed members, and committed after it."""
    await web.post("/join", data=FORM)
    await web.post(confirmation_path(web_workspace))
    await web.post("/join", data={**FORM, "address": f"second-{NEW}"})
    second = confirmation_path(web_workspace, f"second-{NEW}")
    confirmed_members, started_at = sign_ups.confirmed_members, web_workspace.clock.time

    def confirm_after_query(connection, before):
        members = confirmed_members(connection, before)
        if before == web_workspace.clock.time:
            with web_workspace.engine.context.ledger.write() as writer:
                number = web_workspace.engine.context.signer.read_link("join", second.rpartition("/")[2]).position
                sign_ups.confirm_request(writer, number, started_at)
        return members

    web_workspace.clock.advance(minutes=16)
    monkeypatch.setattr(sign_ups, "confirmed_members", confirm_after_query)
    assert sign_up_import.import_sign_ups(web_workspace.engine.context) == 1
    monkeypatch.undo()
    web_workspace.clock.advance(minutes=16)
    assert sign_up_import.import_sign_ups(web_workspace.engine.context) == 1
    assert sign_up_count(web_workspace) == 0


async def test_answers_do_not_reveal_whether_an_address_is_known(web_workspace, web):
    answers = [await web.post("/join", data={**FORM, "address": to}) for to in (NEW, f"{AINO}@example.org")]
    assert len({answer.text for answer in answers}) == 1
    assert [to for to, _ in web_workspace.notices()] == [NEW, f"{AINO}@example.org"]
    assert "/join/" not in dict(web_workspace.notices())[f"{AINO}@example.org"]
    assert web_workspace.record() == []


async def test_an_expired_link_subscribes_nobody_and_its_address_is_deleted(web_workspace, web):
    await web.post("/join", data=FORM)
    link = confirmation_path(web_workspace)
    web_workspace.clock.time += sign_ups.SIGN_UP_LIFETIME
    assert (await web.get(link)).status_code == 200
    assert (await web.post(link)).status_code == 200
    assert members_with_new_address(web_workspace) == []
    await web.post("/join", data={**FORM, "address": "toinen@example.org"})
    assert NEW not in str(web_workspace.ledger_dump())


async def test_forged_and_foreign_links_are_not_found(web_workspace, web):
    await web.post("/join", data=FORM)
    link, before = confirmation_path(web_workspace), web_workspace.ledger_dump()
    other = web_workspace.link("letters").split("/")[2]
    for forged in (f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}", f"/join/{other}", "/join/x", f"{link}A"):
        assert (await web.post(forged)).status_code == 404
    assert web_workspace.ledger_dump() == before


async def test_a_mailbox_gets_at_most_two_emails_a_day(web_workspace, web):
    for _ in range(4):
        assert (await web.post("/join", data=FORM)).status_code == 200
    assert len(web_workspace.notices()) == sign_ups.MAX_EMAILS_PER_DAY


async def test_the_mailbox_limit_ignores_letter_case(web_workspace, web):
    for name in ("lahi", "LAHI", "Lahi", "lAHI"):
        assert (await web.post("/join", data={**FORM, "address": f"{name}@example.org"})).status_code == 200
    assert len(web_workspace.notices()) == sign_ups.MAX_EMAILS_PER_DAY


@pytest.mark.hostile
async def test_the_mailbox_limit_ignores_the_tag_of_an_address(web_workspace, web):
    for number in range(20):
        await web.post("/join", data={**FORM, "address": f"new+{number}@example.org"})
    assert len(web_workspace.notices()) == sign_ups.MAX_EMAILS_PER_DAY


async def test_similar_mailboxes_have_limits_of_their_own(web_workspace, web):
    addresses = ["a_b@example.org", "axb@example.org", "a_b@example.com", "a_bc@example.org", "+a@example.org"]
    for address in addresses * sign_ups.MAX_EMAILS_PER_DAY:
        await web.post("/join", data={**FORM, "address": address})
    assert len(web_workspace.notices()) == len(addresses) * sign_ups.MAX_EMAILS_PER_DAY


@pytest.mark.hostile
async def test_many_sign_ups_of_one_network_are_slowed_and_not_refused(web, monkeypatch):
    delays = []

    async def sleep(seconds):
        delays.append(seconds)

    monkeypatch.setattr("campaigns.web.network_pace.asyncio.sleep", sleep)
    forms = [{**FORM, "address": f"x{number}@example.org"} for number in range(UNSLOWED + 2)]
    assert {(await web.post("/join", data=form)).status_code for form in forms} == {200}
    assert len(delays) == 2


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"address": "no address", "on": "newsletter:food"}, 400),
        ({"address": NEW}, 400),
        ({"address": NEW, "on": "email_own"}, 400),
        ({"address": NEW, "on": "newsletter:unheard_of"}, 400),
        ({"address": f"{NEW}\nBcc: x@example.org", "on": "newsletter:food"}, 400),
    ],
)
async def test_invalid_addresses_and_choices_are_refused(web_workspace, web, typed, status):
    assert (await web.post("/join", data=typed)).status_code == status
    assert sign_up_count(web_workspace) == 0


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7"])
@pytest.mark.parametrize("field", ["address", "on", "\\ud800"])
async def test_lone_surrogates_are_refused(web_workspace, web, charset, field):
    """The client chooses the encoding, and some encode lone surrogates, which UTF-8 cannot."""
    surrogate = {"unicode_escape": "\\ud800", "utf-7": "+2AA-"}[charset]
    body = f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{surrogate}\r\n--b--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    before = web_workspace.ledger_dump()
    assert (await web.post("/join", content=body.encode(), headers=headers)).status_code == 400
    assert web_workspace.ledger_dump() == before


async def test_typed_values_are_escaped(web):
    page = await web.post("/join", data={"address": '"><script>alert(1)</script>', "on": "newsletter:food"})
    assert "<script>" not in page.text


async def test_an_address_that_became_a_members_meanwhile_creates_no_second_member(web_workspace, web):
    await web.post("/join", data=FORM)
    link = confirmation_path(web_workspace)
    web_workspace.change_contact(AINO, email=NEW, mailbox=NEW)
    assert (await web.post(link)).status_code == 200
    assert members_with_new_address(web_workspace) == [AINO]
    assert web_workspace.record() == []


@pytest.mark.parametrize("language", Language)
async def test_the_confirmation_uses_the_language_of_the_page(web_workspace, web, language):
    await web.post(f"/join?lang={language}", data=FORM)
    page = await web.get(f"{confirmation_path(web_workspace)}?lang={language}")
    assert f'lang="{language}"' in page.text
    with web_workspace.engine.context.ledger.read() as connection:
        (request,) = connection.execute(select(SIGN_UP)).all()
    assert (request.language, request.asked_at + timedelta()) == (language, web_workspace.clock.time)
