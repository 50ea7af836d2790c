"""Legal basis of each message: consent under a recorded text, or no objection. Membership needs no consent."""

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

NEW_MEMBER = "m90"
EVERYBODY = "schedule: {at: '2018-01-05 10:30'}\naudience: {register: [owners, customers]}\n"
BY_EMAIL = f"{EVERYBODY}channels: [email]\ncontent: {{email: hello}}\n"
BY_POST = f"purpose: marketing\n{EVERYBODY}channels: [post]\ncontent: {{post: survey}}\n"


def needs_consent(choice: str) -> bool:
    return choice.startswith(NEWSLETTER_PREFIX) or Choice(choice).permits


def test_gd04_a_sent_message_leads_to_its_legal_basis_and_the_consent_text(workspace: SampleWorkspace):
    pages = PageRenderer(workspace.engine.context.repository.settings)
    at = workspace.clock.time
    with workspace.engine.context.ledger.write() as connection:
        consent_texts.publish_texts(connection, all_consent_texts(pages), at)
        for number, member in enumerate(MEMBERS):
            language = list(Language)[number % 3]
            item = choice_items(pages, language)[Choice.EMAIL_OWN]
            context = ConsentContext(at, ConsentSource.WEB, language, item.wording)
            choices.record_choices(connection, [context.entry(member, Choice.EMAIL_OWN, True)])
    workspace.clock.advance(hours=1)
    run = workspace.start("offers", f"purpose: marketing\n{BY_EMAIL}")
    workspace.send(run)
    with workspace.engine.context.ledger.read() as connection:
        sent = connection.execute(
            select(RUN.c.purpose, DELIVERY).join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number)
        ).all()
        assert len(sent) > 12
        for message in Random(4).sample(list(sent), 12):  # noqa: S311 - a sample, no secret
            purpose, channel = Purpose(message.purpose), Channel(message.channel)
            assert legal_basis(purpose, channel) is LegalBasis.CONSENT
            conditions = (
                CHOICE_ENTRY.c.member_id == message.member_id,
                CHOICE_ENTRY.c.choice == Choice.EMAIL_OWN,
                CHOICE_ENTRY.c.at <= message.claimed_at,
            )
            newest = (
                select(CHOICE_ENTRY).where(*conditions).order_by(CHOICE_ENTRY.c.at.desc(), CHOICE_ENTRY.c.seq.desc())
            )
            consent = connection.execute(newest.limit(1)).one()
            text = connection.execute(
                select(CONSENT_TEXT_VERSION).where(CONSENT_TEXT_VERSION.c.version == consent.wording)
            ).one()
            shown = choice_items(pages, Language(text.language))[Choice.EMAIL_OWN].consent_text.text
            assert (consent.state, text.choice, text.shown) == ("on", Choice.EMAIL_OWN, shown)


def test_fi03_gd19_membership_requires_no_consent(workspace: SampleWorkspace):
    fields = ("first_name", "last_name", "language", "email", "street", "postal_code", "city")
    contact_fields = {name: workspace.contact(MEMBERS[0])[name] for name in fields}
    workspace.import_rows(
        "members",
        [
            {
                **contact_fields,
                "member_id": NEW_MEMBER,
                "register": "owners",
                "bonus_last_month": "3.50",
                "email": f"{NEW_MEMBER}@example.org",
            }
        ],
    )
    with workspace.engine.context.ledger.read() as connection:
        state = consent_state_of(connection, NEW_MEMBER)
    groups = choice_groups_with_ticks(PageRenderer(workspace.engine.context.repository.settings), Language.EN, state)
    consent_choices = [
        (item.choice, ticked) for _, items, _ in groups for item, ticked in items if needs_consent(item.choice)
    ]
    assert len(consent_choices) > 4
    assert [choice for choice, ticked in consent_choices if ticked] == []
    assert state.on == frozenset()
    service = workspace.start("service", f"purpose: service\n{BY_EMAIL}")
    workspace.send(service)
    assert workspace.end_states(service)[NEW_MEMBER] == ("accepted", None)
    marketing, _ = workspace.plan("offers", f"purpose: marketing\n{BY_EMAIL}")
    assert workspace.decisions(marketing)[NEW_MEMBER]["reason"] == "no_consent"


def test_fi07_letters_are_sent_until_the_member_objects(workspace: SampleWorkspace):
    workspace.record_choices(MEMBERS[1], Choice.NO_DIRECT_MAIL)
    workspace.record_choices(MEMBERS[2], Choice.NO_MARKETING)
    run, _ = workspace.plan("letters", BY_POST)
    decisions = workspace.decisions(run)
    assert decisions[MEMBERS[0]]["reason"] is None
    assert decisions[MEMBERS[1]]["reason"] == "objected_channel"
    assert MEMBERS[2] not in decisions


@pytest.mark.parametrize("times", [1, 2])
def test_c17_an_imported_suppression_list_stops_marketing_and_leaves_choices_alone(
    workspace: SampleWorkspace, times: int
):
    with workspace.engine.context.ledger.read() as connection:
        before = choices.entries_of(connection, MEMBERS)
    contact = workspace.contact(MEMBERS[0])
    row = {
        "kind": "address",
        "value": f"{contact['street']}, {contact['postal_code']} {contact['city']}",
        "reason": "suppressed_manual",
        "scope": "marketing",
        "source": "Posti-Robinson",
    }
    for _ in range(times):
        workspace.import_rows("suppressions", [row])
    run, _ = workspace.plan("letters", BY_POST)
    assert workspace.decisions(run)[MEMBERS[0]]["reason"] == "suppressed_manual"
    service, _ = workspace.plan("asked", BY_POST.replace("marketing", "service"))
    assert workspace.decisions(service)[MEMBERS[0]]["reason"] is None
    with workspace.engine.context.ledger.read() as connection:
        assert choices.entries_of(connection, MEMBERS) == before
