"""What agents change on members' behalf: told to the member, noted, and undone by few (C-12, C-15, GD-11)."""

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.consent.consent_texts import ConsentText
from campaigns.core.model.enums import Choice, Language
from campaigns.store.people.audit import subject_of_member
from tests.support.desk_session import NAME, on
from tests.support.page_walk import hidden
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

OTHER = MEMBERS[5]


def choosing(page, *, tick=(), untick=()):
    fields = hidden(page.text)
    ticked = [*(set(fields.get("on", [])) - set(untick)), *tick]
    return {"shown": fields["shown"], "on": ticked}


@pytest.mark.parametrize("source", ["desk", "phone"])
async def test_c15_choices_are_changed_with_agent_source_and_wording_and_confirmed(town, desk, source):
    page = await desk.opens()
    answer = await desk.does("/choices", source=source, **choosing(page, tick=["tracking"], untick=["sms_own"]))
    assert answer.status_code == 200
    assert "the member gets a confirmation" in answer.text
    said = {entry.choice: entry for entry in town.record()}
    assert set(said) == {"tracking", "sms_own"}
    for entry in said.values():
        assert (entry.agent, entry.source, entry.language) == (NAME, ConsentSource(source), Language.EN)
    granted = said["tracking"]
    (shown,) = [row for row in town.everything()["wording"] if row[0] == granted.wording]
    assert ConsentText("tracking", Language.EN, shown[3]).version == granted.wording
    (told,) = [text for to, text in town.notes() if to == f"{AINO}@example.org"]
    assert "Dina val har ändrats" in told  # in the member's language, not the agent's
    assert "Uppföljning av vilka länkar jag öppnar" in told
    assert desk.noted()[-1][1:] == (
        "change_choices",
        subject_of_member(town.engine.signer, AINO),
        {"choices": ["sms_own", "tracking"], "source": source},
    )


async def test_c02_what_the_desk_takes_away_is_withdrawn_at_the_claim(town, desk):
    page = await desk.opens()
    await desk.does("/choices", **choosing(page, untick=["newsletter:food"]))
    run = town.run("letters")
    town.send(run)
    assert town.ends(run)[AINO] == ("withdrawn", "consent_withdrawn")


async def test_a_page_that_nobody_touched_changes_nothing_and_tells_nobody(town, desk):
    page = await desk.opens()
    answer = await desk.does("/choices", **choosing(page))
    assert "Nothing has changed" in answer.text
    assert town.record() == []
    assert town.notes() == []


@pytest.mark.parametrize("shown", ["email_own|maybe|x", "deceased|off|x", "tracking|off|forged", "|", ""])
async def test_c13_what_was_not_offered_in_these_words_is_refused(town, desk, shown):
    await desk.opens()
    answer = await desk.does("/choices", shown=shown, on=shown.split("|")[0])
    assert answer.status_code == 400
    assert town.record() == []


@pytest.mark.parametrize("source", ["", "web", "import"])
async def test_the_desk_speaks_for_the_desk_alone(town, desk, source):
    page = await desk.opens()
    answer = await desk.does("/choices", source=source, **choosing(page, tick=["tracking"]))
    assert answer.status_code == 400
    assert town.record() == []


async def test_gd11_a_move_and_a_language_are_recorded_and_the_former_address_is_told(town, desk):
    await desk.opens()
    answer = await desk.does(
        "/contact", email="Uusi@Example.org", street="Uusikatu 5", postal_code="00999", city="Uusi", language="fi"
    )
    assert "The details are changed" in answer.text
    contact = town.contact(AINO)
    assert [contact[name] for name in ("email", "street", "postal_code", "city", "language")] == [
        "Uusi@example.org", "Uusikatu 5", "00999", "Uusi", "fi"
    ]  # fmt: skip
    assert contact["address_key"] == "uusikatu 5|00999"
    assert [to for to, _ in town.notes()] == [f"{AINO}@example.org"]
    assert desk.noted()[-1][3] == {"fields": ["city", "email", "language", "postal_code", "street"]}


async def test_gd11_a_letter_that_waits_goes_to_the_new_address(town, desk):
    run = town.run("offers")
    await desk.opens()
    await desk.does("/contact", email="uusi@example.org")
    town.send(run)
    sent = [file for file in (town.root / "outbox").rglob("*.eml") if b"uusi@example.org" in file.read_bytes()]
    assert len(sent) == 1


async def test_gd11_what_the_desk_changed_holds_against_an_import_that_does_not_know_of_it(town, desk):
    await desk.opens()
    await desk.does("/contact", phone="050 987 6543")
    town.bring("members", [{"member_id": AINO, "register": "owners", "phone": "+358401230001"}])
    assert town.contact(AINO)["phone"] == "+358509876543"


async def test_an_address_or_number_is_removed(town, desk):
    await desk.opens()
    await desk.does("/contact", remove=["email", "phone", "first_name"])
    contact = town.contact(AINO)
    assert (contact["email"], contact["mailbox"], contact["phone"]) == (None, None, None)
    assert contact["first_name"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nobody"), ("phone", "12"), ("postal_code", "1"), ("street", "Katu 1"), ("language", "de"),
     ("email", "a@b.fi\r\nBcc: c@d.fi"), ("last_name", "Mäki\x00")],
)  # fmt: skip
async def test_what_is_no_address_changes_nothing(town, desk, field, value):
    await desk.opens()
    before = town.contact(AINO)
    assert (await desk.does("/contact", **{field: value})).status_code == 400
    assert town.contact(AINO) == before


async def test_a_death_is_recorded_when_it_is_said_twice_and_ends_everything(town, desk, web):
    await desk.opens()
    asked = await desk.does("/mark", choice="deceased")
    assert "Record a death?" in asked.text
    assert Choice.DECEASED not in on(town)
    await desk.does("/mark", choice="deceased", confirmed="yes")
    assert Choice.DECEASED in on(town)
    run = town.run("service")
    town.send(run)
    assert town.ends(run)[AINO][0] == "withdrawn"
    assert town.notes() == []  # nobody writes to the dead
    assert (await desk.does("/unmark", choice="deceased")).status_code == 403


async def test_the_officer_takes_a_mark_back(town, officer):
    town.say(AINO, "deceased", "restricted")
    town.hands.go(minutes=1)
    await officer.opens()
    for choice in ("deceased", "restricted"):
        assert (await officer.does("/unmark", choice=choice)).status_code == 200
    assert not {Choice.DECEASED, Choice.RESTRICTED} & on(town)


@pytest.mark.parametrize("choice", ["", "email_own", "no_marketing", "x"])
async def test_only_marks_are_marked(town, desk, choice):
    await desk.opens()
    assert (await desk.does("/mark", choice=choice)).status_code == 400
    assert town.record() == []


async def test_c12_a_duplicate_is_merged_after_both_were_looked_at(town, desk):
    town.say(OTHER, "no_marketing")
    await desk.opens()
    both = await desk.does("/merge", other=OTHER)
    assert f"{OTHER}@example.org" in both.text
    assert town.contact(OTHER)
    fields = hidden(both.text)
    answer = await desk.does("/merge", other=OTHER, other_ticket=fields["other_ticket"][0], confirmed="yes")
    assert "The numbers are one now" in answer.text
    assert Choice.NO_MARKETING in on(town)
    assert [row[1] for row in desk.noted()] == ["look_up", "look_up", "merge"]


@pytest.mark.parametrize("ticket", ["", "x"])
async def test_nobody_is_merged_unseen(town, desk, ticket):
    await desk.opens()
    answer = await desk.does("/merge", other=OTHER, other_ticket=ticket, confirmed="yes")
    assert answer.status_code == 403
    assert town.contact(OTHER)


@pytest.mark.parametrize("other", [AINO, "m99", ""])
async def test_nobody_is_merged_with_nobody(town, desk, other):
    await desk.opens()
    first = await desk.does("/merge", other=other)
    if other == AINO:
        ticket = hidden(first.text)["other_ticket"][0]
        first = await desk.does("/merge", other=other, other_ticket=ticket, confirmed="yes")
    assert first.status_code == 400
    assert town.contact(AINO)
