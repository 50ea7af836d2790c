"""Newsletters for people who are no members: nothing begins before the mailbox's owner has pressed a button (GD-05)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from audiences.people import sign_ups
from audiences.tables import CONTACT, SIGN_UP
from campaigns.core.model.enums import Language
from campaigns.people import sign_up_import
from tests.support.page_walk import hidden_fields
from tests.support.web_client import AINO, WebWorkspace

NEW = "uusi@example.org"
ASKED = {"address": NEW, "on": "newsletter:food"}
_LETTER = 'purpose: newsletter\nnewsletter: food\nschedule: {at: "2018-01-02 10:30"}\nchannels: [email]\n'


def way(web_workspace: WebWorkspace, to: str = NEW) -> str:
    """The path of the newest link that was sent to an address."""
    (*_, text) = [text for address, text in web_workspace.notices() if address == to]
    return re.findall(r"http://localhost:8000(/join/[\w-]+)", text)[0]


def customers(web_workspace: WebWorkspace) -> list[str]:
    with web_workspace.engine.ledger.read() as connection:
        return list(connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.email == NEW)).scalars())


def rows(web_workspace: WebWorkspace) -> int:
    with web_workspace.engine.ledger.read() as connection:
        return len(connection.execute(select(SIGN_UP)).all())


async def test_fi01_fi03_the_boxes_are_empty(web):
    page = await web.get("/join")
    assert page.status_code == 200
    assert "newsletter:food" in page.text
    assert "on" not in hidden_fields(page.text)


async def test_fi01_nothing_begins_before_it_is_confirmed(web_workspace, web):
    assert (await web.post("/join", data=ASKED)).status_code == 200
    link = way(web_workspace)
    before = web_workspace.ledger_dump()
    for _ in range(3):
        assert (await web.get(link)).status_code == 200
        assert (await web.head(link)).status_code == 200
    assert web_workspace.ledger_dump() == before
    assert customers(web_workspace) == []


async def test_who_confirms_is_a_customer_under_the_text_that_was_shown(web_workspace, web):
    await web.post("/join?lang=sv", data=ASKED)
    link = way(web_workspace)
    for _ in range(2):
        assert (await web.post(link)).status_code == 200
    (member,) = customers(web_workspace)
    (entry,) = web_workspace.record(member)
    assert (entry.choice, entry.on, entry.source, entry.language) == ("newsletter:food", True, "web", "sv")
    assert entry.wording != "unverified"
    told = web_workspace.contact(member)
    assert (told["register"], told["language"], told["newsletters"]) == ("customers", "sv", ["food"])
    assert not told["email_own"]


async def test_who_confirmed_gets_the_next_letter(web_workspace, web):
    await web.post("/join", data=ASKED)
    await web.post(way(web_workspace))
    (member,) = customers(web_workspace)
    assert sign_up_import.import_sign_ups(web_workspace.engine) == 0
    web_workspace.clock.advance(minutes=16)
    assert [sign_up_import.import_sign_ups(web_workspace.engine) for _ in range(2)] == [1, 0]
    assert rows(web_workspace) == 0
    run = web_workspace.start("next_letter", f"{_LETTER}content: {{email: hello}}\n")
    assert web_workspace.channels(run)[member] == "email"


async def test_who_confirms_while_others_are_brought_in_is_brought_in_later(web_workspace, web, monkeypatch):
    """Their row bears an earlier moment than the look at who waits, and is committed after it."""
    await web.post("/join", data=ASKED)
    await web.post(way(web_workspace))
    await web.post("/join", data={**ASKED, "address": f"second-{NEW}"})
    second = way(web_workspace, f"second-{NEW}")
    look, began = sign_ups.confirmed_members, web_workspace.clock.time

    def looked(connection, before):
        found = look(connection, before)
        if before == web_workspace.clock.time:
            with web_workspace.engine.ledger.write() as writer:
                number = web_workspace.engine.signer.read_link("join", second.rpartition("/")[2]).position
                sign_ups.confirm_request(writer, number, began)
        return found

    web_workspace.clock.advance(minutes=16)
    monkeypatch.setattr(sign_ups, "confirmed", looked)
    assert sign_up_import.import_sign_ups(web_workspace.engine) == 1
    monkeypatch.undo()
    web_workspace.clock.advance(minutes=16)
    assert sign_up_import.import_sign_ups(web_workspace.engine) == 1
    assert rows(web_workspace) == 0


async def test_no_answer_tells_whether_an_address_is_known(web_workspace, web):
    answers = [await web.post("/join", data={**ASKED, "address": to}) for to in (NEW, f"{AINO}@example.org")]
    assert len({answer.text for answer in answers}) == 1
    assert [to for to, _ in web_workspace.notices()] == [NEW, f"{AINO}@example.org"]
    assert "/join/" not in dict(web_workspace.notices())[f"{AINO}@example.org"]
    assert web_workspace.record() == []


async def test_a_link_that_is_too_late_begins_nothing_and_its_address_is_forgotten(web_workspace, web):
    await web.post("/join", data=ASKED)
    link = way(web_workspace)
    web_workspace.clock.time += sign_ups.SIGN_UP_LIFETIME
    assert (await web.get(link)).status_code == 200
    assert (await web.post(link)).status_code == 200
    assert customers(web_workspace) == []
    await web.post("/join", data={**ASKED, "address": "toinen@example.org"})
    assert NEW not in str(web_workspace.ledger_dump())


async def test_a_link_that_is_not_ours_is_none(web_workspace, web):
    await web.post("/join", data=ASKED)
    link, before = way(web_workspace), web_workspace.ledger_dump()
    other = web_workspace.link("letters").split("/")[2]
    for forged in (f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}", f"/join/{other}", "/join/x", f"{link}A"):
        assert (await web.post(forged)).status_code == 404
    assert web_workspace.ledger_dump() == before


async def test_a_mailbox_is_written_to_twice_a_day_whoever_asks(web_workspace, web):
    for _ in range(4):
        assert (await web.post("/join", data=ASKED)).status_code == 200
    assert len(web_workspace.notices()) == sign_ups.MAX_EMAILS_PER_DAY


async def test_a_mailbox_is_one_however_its_name_is_written(web_workspace, web):
    for name in ("lahi", "LAHI", "Lahi", "lAHI"):
        assert (await web.post("/join", data={**ASKED, "address": f"{name}@example.org"})).status_code == 200
    assert len(web_workspace.notices()) == sign_ups.MAX_EMAILS_PER_DAY


async def test_one_stranger_asks_ten_times_and_then_has_to_wait(web):
    asked = [{**ASKED, "address": f"x{number}@example.org"} for number in range(11)]
    assert [(await web.post("/join", data=each)).status_code for each in asked] == [200] * 10 + [429]


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
async def test_what_cannot_be_asked_for_is_refused(web_workspace, web, typed, status):
    assert (await web.post("/join", data=typed)).status_code == status
    assert rows(web_workspace) == 0


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7"])
@pytest.mark.parametrize("field", ["address", "on", "\\ud800"])
async def test_half_a_character_is_no_text(web_workspace, web, charset, field):
    """Some encodings write what no UTF-8 has; a stranger chooses the encoding."""
    half = {"unicode_escape": "\\ud800", "utf-7": "+2AA-"}[charset]
    body = f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{half}\r\n--b--\r\n'
    form = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    before = web_workspace.ledger_dump()
    assert (await web.post("/join", content=body.encode(), headers=form)).status_code == 400
    assert web_workspace.ledger_dump() == before


async def test_what_was_typed_is_shown_as_text(web):
    page = await web.post("/join", data={"address": '"><script>alert(1)</script>', "on": "newsletter:food"})
    assert "<script>" not in page.text


async def test_who_became_a_member_meanwhile_is_not_made_one_twice(web_workspace, web):
    await web.post("/join", data=ASKED)
    link = way(web_workspace)
    web_workspace.change_contact(AINO, email=NEW, mailbox=NEW)
    assert (await web.post(link)).status_code == 200
    assert customers(web_workspace) == [AINO]
    assert web_workspace.record() == []


@pytest.mark.parametrize("language", Language)
async def test_the_letter_speaks_the_language_of_the_page(web_workspace, web, language):
    await web.post(f"/join?lang={language}", data=ASKED)
    page = await web.get(f"{way(town)}?lang={language}")
    assert f'lang="{language}"' in page.text
    with web_workspace.engine.ledger.read() as connection:
        (asked,) = connection.execute(select(SIGN_UP)).all()
    assert (asked.language, asked.asked_at + timedelta()) == (language, web_workspace.clock.time)
