"""Changes at the desk on a member's behalf: confirmed, audited, undone by few roles (C-12, C-15, GD-11)."""

import re

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.consent.consent_texts import ConsentText
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Choice, Language
from campaigns.people.privacy import merging
from campaigns.store.people.audit import subject_of_member
from tests.support.desk_session import NAME, allowed_choices
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

OTHER = MEMBERS[5]


def choice_fields(page, *, tick=(), untick=()):
    fields = hidden_fields(page.text)
    ticked = [*(set(fields.get("on", [])) - set(untick)), *tick]
    return {"shown": fields["shown"], "on": ticked}


@pytest.mark.parametrize(("ground", "source"), [("visit", "desk"), ("call", "phone"), ("letter", "desk")])
async def test_c15_choice_changes_record_agent_source_and_text_and_are_confirmed(web_workspace, desk, ground, source):
    page = await desk.open_member(ground=ground)
    answer = await desk.do_task("/choices", **choice_fields(page, tick=["tracking"], untick=["sms_own"]))
    assert answer.status_code == 200
    assert "the member gets a confirmation" in answer.text
    entries = {entry.choice: entry for entry in web_workspace.record()}
    assert set(entries) == {"tracking", "sms_own"}
    for entry in entries.values():
        assert (entry.agent, entry.source, entry.language) == (NAME, ConsentSource(source), Language.EN)
    granted = entries["tracking"]
    (consent_text,) = [row for row in web_workspace.ledger_dump()["wording"] if row[0] == granted.wording]
    assert ConsentText("tracking", Language.EN, consent_text[3]).version == granted.wording
    (notice,) = [text for to, text in web_workspace.notices() if to == f"{AINO}@example.org"]
    assert "Dina val har ändrats" in notice  # in the member's language, not the agent's
    assert "Uppföljning av vilka länkar jag öppnar" in notice
    assert desk.audit_notes()[-1][1:] == (
        "change_choices",
        subject_of_member(web_workspace.engine.context.signer, AINO),
        {"choices": ["sms_own", "tracking"], "source": source},
    )


async def test_c02_consent_withdrawn_at_the_desk_withdraws_the_delivery(web_workspace, desk):
    page = await desk.open_member()
    await desk.do_task("/choices", **choice_fields(page, untick=["newsletter:food"]))
    run = web_workspace.run("letters")
    web_workspace.send(run)
    assert web_workspace.end_states(run)[AINO] == ("withdrawn", "consent_withdrawn")


async def test_an_unchanged_form_records_and_sends_nothing(web_workspace, desk):
    page = await desk.open_member()
    answer = await desk.do_task("/choices", **choice_fields(page))
    assert "Nothing has changed" in answer.text
    assert web_workspace.record() == []
    assert web_workspace.notices() == []


@pytest.mark.parametrize("shown", ["email_own|maybe|x", "deceased|off|x", "tracking|off|forged", "|", ""])
async def test_c13_choices_without_the_offered_text_are_refused(web_workspace, desk, shown):
    await desk.open_member()
    answer = await desk.do_task("/choices", shown=shown, on=shown.split("|")[0])
    assert answer.status_code == 400
    assert web_workspace.record() == []


@pytest.mark.parametrize("source", ["", "desk", "web", "import"])
async def test_a_posted_source_does_not_replace_the_one_that_follows_from_the_reason(web_workspace, desk, source):
    page = await desk.open_member(ground="call")
    await desk.do_task("/choices", source=source, **choice_fields(page, tick=["tracking"]))
    assert [entry.source for entry in web_workspace.record()] == [ConsentSource.PHONE]


async def test_gd11_contact_changes_are_recorded_and_the_former_address_is_notified(web_workspace, desk):
    await desk.open_member()
    answer = await desk.do_task(
        "/contact", email="Uusi@Example.org", street="Uusikatu 5", postal_code="00999", city="Uusi", language="fi"
    )
    assert "The details are changed" in answer.text
    contact = web_workspace.contact(AINO)
    assert [contact[name] for name in ("email", "street", "postal_code", "city", "language")] == [
        "Uusi@example.org", "Uusikatu 5", "00999", "Uusi", "fi"
    ]  # fmt: skip
    assert contact["address_key"] == "uusikatu 5|00999"
    assert [to for to, _ in web_workspace.notices()] == [f"{AINO}@example.org", "Uusi@example.org"]
    assert desk.audit_notes()[-1][3] == {"fields": ["city", "email", "language", "postal_code", "street"]}


async def test_gd11_a_pending_message_goes_to_the_new_address(web_workspace, desk):
    run = web_workspace.run("offers")
    await desk.open_member()
    await desk.do_task("/contact", email="uusi@example.org")
    web_workspace.send(run)
    files = [
        file for file in (web_workspace.root / "outbox").rglob("*.eml") if b"uusi@example.org" in file.read_bytes()
    ]
    assert len(files) == 1


async def test_gd11_desk_changes_survive_an_import_with_older_data(web_workspace, desk):
    await desk.open_member()
    await desk.do_task("/contact", phone="050 987 6543")
    web_workspace.import_rows("members", [{"member_id": AINO, "register": "owners", "phone": "+358401230001"}])
    assert web_workspace.contact(AINO)["phone"] == "+358509876543"


def contact_fields(page):
    """Values of the contact form as a browser posts them."""
    form = re.search(r'id="contact">(.*?)</form>', page.text, re.DOTALL)[1]
    fields = {name: values[0] for name, values in hidden_fields(form).items() if name.startswith("shown_")}
    return {**fields, **{name.removeprefix("shown_"): value for name, value in fields.items()}}


async def test_emptied_email_and_phone_are_removed_and_names_are_not(web_workspace, desk):
    page = await desk.open_member()
    await desk.do_task("/contact", **{**contact_fields(page), "email": "", "phone": "", "first_name": ""})
    contact = web_workspace.contact(AINO)
    assert (contact["email"], contact["mailbox"], contact["phone"]) == (None, None, None)
    assert contact["first_name"]


async def test_the_contact_form_is_filled_with_todays_values_and_unchanged_changes_nothing(web_workspace, desk):
    page = await desk.open_member()
    fields = contact_fields(page)
    contact = web_workspace.contact(AINO)
    for name in ("first_name", "last_name", "email", "phone", "street", "postal_code", "city", "language"):
        assert fields[name] == contact[name]
    answer = await desk.do_task("/contact", **fields)
    assert "Nothing has changed" in answer.text
    assert web_workspace.contact(AINO) == contact


async def test_a_move_changes_one_line_of_the_address_and_keeps_the_rest(web_workspace, desk):
    page = await desk.open_member()
    await desk.do_task("/contact", **{**contact_fields(page), "street": "Uusikatu 5"})
    contact = web_workspace.contact(AINO)
    assert (contact["street"], contact["postal_code"], contact["city"]) == ("Uusikatu 5", "00370", "Kylä")
    assert desk.audit_notes()[-1][3] == {"fields": ["street"]}


async def test_an_old_page_does_not_undo_a_change_made_meanwhile(web_workspace, desk):
    page = await desk.open_member()
    web_workspace.change_contact(AINO, email="meanwhile@example.org")
    await desk.do_task("/contact", **{**contact_fields(page), "phone": "050 987 6543"})
    contact = web_workspace.contact(AINO)
    assert (contact["email"], contact["phone"]) == ("meanwhile@example.org", "+358509876543")


async def test_gd23_saving_another_field_keeps_a_masked_address(web_workspace, desk):
    web_workspace.record_choices(AINO, "address_secret")
    page = await desk.open_member()
    before = web_workspace.contact(AINO)
    fields = contact_fields(page)
    assert (fields["street"], fields["phone"]) == ("", "")
    await desk.do_task("/contact", **{**fields, "first_name": "Aina"})
    after = web_workspace.contact(AINO)
    assert after["first_name"] == "Aina"
    assert [after[name] for name in ("street", "city", "phone")] == [
        before[name] for name in ("street", "city", "phone")
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nobody"), ("phone", "12"), ("postal_code", "1"), ("street", "Katu 1"), ("language", "de"),
     ("email", "a@b.fi\r\nBcc: c@d.fi"), ("last_name", "Mäki\x00")],
)  # fmt: skip
async def test_invalid_contact_values_change_nothing(web_workspace, desk, field, value):
    await desk.open_member()
    before = web_workspace.contact(AINO)
    assert (await desk.do_task("/contact", **{field: value})).status_code == 400
    assert web_workspace.contact(AINO) == before


async def test_a_death_needs_confirmation_and_stops_all_messages(web_workspace, desk, web):
    await desk.open_member()
    page = await desk.do_task("/mark", choice="deceased")
    assert "Record a death?" in page.text
    assert Choice.DECEASED not in allowed_choices(web_workspace)
    await desk.do_task("/mark", choice="deceased", confirmed="yes")
    assert Choice.DECEASED in allowed_choices(web_workspace)
    run = web_workspace.run("service")
    web_workspace.send(run)
    assert web_workspace.end_states(run)[AINO][0] == "withdrawn"
    assert web_workspace.notices() == []  # the dead get no notice
    assert (await desk.do_task("/unmark", choice="deceased")).status_code == 403


async def test_the_privacy_officer_removes_marks(web_workspace, officer):
    web_workspace.record_choices(AINO, "deceased", "restricted")
    web_workspace.clock.advance(minutes=1)
    await officer.open_member()
    for choice in ("deceased", "restricted"):
        assert (await officer.do_task("/unmark", choice=choice)).status_code == 200
    assert not {Choice.DECEASED, Choice.RESTRICTED} & allowed_choices(web_workspace)


@pytest.mark.parametrize("choice", ["", "email_own", "no_marketing", "x"])
async def test_choices_other_than_marks_cannot_be_marked(web_workspace, desk, choice):
    await desk.open_member()
    assert (await desk.do_task("/mark", choice=choice)).status_code == 400
    assert web_workspace.record() == []


def agree(web_workspace, *columns, member=OTHER):
    """Let a member agree with Aino on some columns of the contact, and on the date of birth."""
    aino = web_workspace.contact(AINO)
    web_workspace.import_rows("members", [{"member_id": member, "register": "owners", "birth_date": "1951-01-01"}])
    web_workspace.change_contact(member, **{column: aino[column] for column in columns})


async def test_the_merge_page_shows_both_members_side_by_side(web_workspace, desk):
    agree(web_workspace, "phone")
    await desk.open_member()
    page = (await desk.do_task("/merge", other=OTHER)).text
    for text in (
        "1951",
        "Year of birth",
        "Household",
        "Last purchase",
        "Choices",
        "Facts that agree",
        "Telephone number",
    ):
        assert text in page
    assert f"{AINO}@example.org" in page
    assert "Make them one" in page


@pytest.mark.hostile
async def test_the_merge_page_is_no_way_to_the_contact_of_a_member_who_was_not_checked(web_workspace, desk):
    await desk.open_member()
    page = (await desk.do_task("/merge", other=OTHER)).text
    contact = web_workspace.contact(OTHER)
    for name in ("email", "phone", "street"):
        assert contact[name] not in page
    assert "Not shown" in page


@pytest.mark.hostile
@pytest.mark.parametrize("fields", [{}, {"approved": "yes"}], ids=["as it is", "with the supervisors' tick"])
async def test_an_agent_merges_no_stranger(web_workspace, desk, fields):
    await desk.open_member()
    page = await desk.do_task("/merge", other=OTHER)
    assert "Ask a supervisor" in page.text
    assert "Make them one" not in page.text
    answer = await desk.do_task("/merge", other=OTHER, confirmed="yes", **fields)
    assert answer.status_code == 400
    assert web_workspace.contact(OTHER)


@pytest.mark.hostile
async def test_a_supervisor_approves_expressly_and_undoes_a_merge(web_workspace, officer):
    await officer.open_member()
    await officer.do_task("/merge", other=OTHER)
    assert (await officer.do_task("/merge", other=OTHER, confirmed="yes")).status_code == 400
    await officer.do_task("/merge", other=OTHER)
    merged = await officer.do_task("/merge", other=OTHER, confirmed="yes", approved="yes")
    assert "Undo the merge" in merged.text
    assert officer.audit_notes()[-1][3]["approved"] is True
    answer = await officer.do_task("/unmerge", merged=OTHER)
    assert "The numbers are separate again" in answer.text
    assert web_workspace.contact(OTHER)["email"] == f"{OTHER}@example.org"


@pytest.mark.hostile
async def test_an_agent_without_the_role_undoes_no_merge(web_workspace, desk):
    merging.merge(web_workspace.engine.context, OTHER, AINO, approved=True)
    page = await desk.open_member()
    assert "Undo the merge" not in page.text
    assert (await desk.do_task("/unmerge", merged=OTHER)).status_code == 403
    with pytest.raises(UserError):
        web_workspace.contact(OTHER)


@pytest.mark.hostile
@pytest.mark.parametrize("merged", ["", "m99", AINO, "m07"])
async def test_only_a_merge_into_the_open_member_is_undone(web_workspace, officer, merged):
    merging.merge(web_workspace.engine.context, "m07", "m08", approved=True)
    await officer.open_member()
    assert (await officer.do_task("/unmerge", merged=merged)).status_code == 400
    with pytest.raises(UserError):
        web_workspace.contact("m07")


async def test_c12_a_duplicate_is_merged_after_both_members_were_looked_up(web_workspace, desk):
    web_workspace.record_choices(OTHER, "no_marketing")
    agree(web_workspace, "phone", "mailbox")
    await desk.open_member()
    await desk.do_task("/merge", other=OTHER)
    assert web_workspace.contact(OTHER)
    answer = await desk.do_task("/merge", other=OTHER, confirmed="yes")
    assert "The numbers are one now" in answer.text
    assert Choice.NO_MARKETING in allowed_choices(web_workspace)
    assert [row[1] for row in desk.audit_notes()] == ["look_up", "look_up", "merge"]


@pytest.mark.hostile
async def test_a_merge_without_a_look_up_of_the_other_member_is_refused(web_workspace, desk):
    await desk.open_member()
    answer = await desk.do_task("/merge", other=OTHER, confirmed="yes")
    assert answer.status_code == 403
    assert web_workspace.contact(OTHER)


@pytest.mark.parametrize("other", [AINO, "m99", ""])
async def test_a_merge_with_the_same_or_an_unknown_member_is_refused(web_workspace, desk, other):
    await desk.open_member()
    answer = await desk.do_task("/merge", other=other)
    assert answer.status_code == 400
    assert (await desk.do_task("/merge", other=other, confirmed="yes")).status_code == 403
    assert web_workspace.contact(AINO)
