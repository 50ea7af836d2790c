"""The ground of each message: a yes under a known text, which no membership costs, or no objection."""

from random import Random

import pytest
from sqlalchemy import select

from audiences.consent import choices, consent_texts
from audiences.consent.choices import consent_state_of
from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext
from audiences.tables import CHOICE_ENTRY, CONSENT_TEXT_VERSION
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice, Language, Purpose
from campaigns.core.model.legal_basis import LegalBasis, legal_basis
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.web.members.choice_list import all_consent_texts, choice_groups_with_ticks, choice_items
from campaigns.web.page_renderer import PageRenderer
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

NEW = "m90"
EVERYBODY = "schedule: {at: '2018-01-05 10:30'}\naudience: {register: [owners, customers]}\n"
BY_EMAIL = f"{EVERYBODY}channels: [email]\ncontent: {{email: hello}}\n"
BY_POST = f"purpose: marketing\n{EVERYBODY}channels: [post]\ncontent: {{post: survey}}\n"


def asks_for_a_yes(choice: str) -> bool:
    return choice.startswith(NEWSLETTER_PREFIX) or Choice(choice).permits


def test_gd04_a_random_message_leads_to_its_basis_and_that_to_the_text_that_was_said_yes_to(workspace: SampleWorkspace):
    pages = PageRenderer(workspace.engine.library.settings)
    at = workspace.clock.time
    with workspace.engine.ledger.write() as connection:
        consent_texts.publish_texts(connection, all_consent_texts(pages), at)
        for number, member in enumerate(MEMBERS):
            language = list(Language)[number % 3]
            item = choice_items(pages, language)[Choice.EMAIL_OWN]
            said = ConsentContext(at, ConsentSource.WEB, language, item.wording)
            choices.record_choices(connection, [said.entry(member, Choice.EMAIL_OWN, True)])
    workspace.clock.advance(hours=1)
    run = workspace.start("offers", f"purpose: marketing\n{BY_EMAIL}")
    workspace.send(run)
    with workspace.engine.ledger.read() as connection:
        sent = connection.execute(
            select(RUN.c.purpose, DELIVERY).join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number)
        ).all()
        assert len(sent) > 12
        for message in Random(4).sample(list(sent), 12):  # noqa: S311 - drawn, not kept secret
            purpose, channel = Purpose(message.purpose), Channel(message.channel)
            assert legal_basis(purpose, channel) is LegalBasis.CONSENT
            of_it = (
                CHOICE_ENTRY.c.member_id == message.member_id,
                CHOICE_ENTRY.c.choice == Choice.EMAIL_OWN,
                CHOICE_ENTRY.c.at <= message.claimed_at,
            )
            newest = select(CHOICE_ENTRY).where(*of_it).order_by(CHOICE_ENTRY.c.at.desc(), CHOICE_ENTRY.c.seq.desc())
            yes = connection.execute(newest.limit(1)).one()
            text = connection.execute(
                select(CONSENT_TEXT_VERSION).where(CONSENT_TEXT_VERSION.c.version == yes.wording)
            ).one()
            shown = choice_items(pages, Language(text.language))[Choice.EMAIL_OWN].consent_text.text
            assert (yes.state, text.choice, text.shown) == ("on", Choice.EMAIL_OWN, shown)


def test_fi03_gd19_a_membership_is_whole_without_a_single_yes(workspace: SampleWorkspace):
    fields = ("first_name", "last_name", "language", "email", "street", "postal_code", "city")
    like = {name: workspace.contact(MEMBERS[0])[name] for name in fields}
    workspace.import_rows(
        "members",
        [{**like, "member_id": NEW, "register": "owners", "bonus_last_month": "3.50", "email": f"{NEW}@example.org"}],
    )
    with workspace.engine.ledger.read() as connection:
        stance = consent_state_of(connection, NEW)
    groups = choice_groups_with_ticks(PageRenderer(workspace.engine.library.settings), Language.EN, stance)
    asked = [(item.choice, ticked) for _, items in groups for item, ticked in items if asks_for_a_yes(item.choice)]
    assert len(asked) > 4
    assert [choice for choice, ticked in asked if ticked] == []
    assert stance.on == frozenset()
    service = workspace.start("service", f"purpose: service\n{BY_EMAIL}")
    workspace.send(service)
    assert workspace.end_states(service)[NEW] == ("accepted", None)
    marketing, _ = workspace.plan("offers", f"purpose: marketing\n{BY_EMAIL}")
    assert workspace.decisions(marketing)[NEW]["reason"] == "no_consent"


def test_fi07_letters_go_until_they_are_objected_to(workspace: SampleWorkspace):
    workspace.record_choices(MEMBERS[1], Choice.NO_DIRECT_MAIL)
    workspace.record_choices(MEMBERS[2], Choice.NO_MARKETING)
    run, _ = workspace.plan("letters", BY_POST)
    made = workspace.decisions(run)
    assert made[MEMBERS[0]]["reason"] is None
    assert made[MEMBERS[1]]["reason"] == "objected_channel"
    assert MEMBERS[2] not in made


@pytest.mark.parametrize("times", [1, 2])
def test_c17_a_list_from_outside_ends_marketing_at_its_addresses_and_says_nothing_of_choices(
    workspace: SampleWorkspace, times: int
):
    with workspace.engine.ledger.read() as connection:
        before = choices.entries_of(connection, MEMBERS)
    home = workspace.contact(MEMBERS[0])
    listed = {
        "kind": "address",
        "value": f"{home['street']}, {home['postal_code']} {home['city']}",
        "reason": "suppressed_manual",
        "scope": "marketing",
        "source": "Posti-Robinson",
    }
    for _ in range(times):
        workspace.import_rows("suppressions", [listed])
    run, _ = workspace.plan("letters", BY_POST)
    assert workspace.decisions(run)[MEMBERS[0]]["reason"] == "suppressed_manual"
    service, _ = workspace.plan("asked", BY_POST.replace("marketing", "service"))
    assert workspace.decisions(service)[MEMBERS[0]]["reason"] is None
    with workspace.engine.ledger.read() as connection:
        assert choices.entries_of(connection, MEMBERS) == before
