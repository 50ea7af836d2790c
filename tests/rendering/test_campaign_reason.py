"""Reason of a message (C-09): made from the campaign, for every cell of the permission table, never by hand."""

from pathlib import Path

import pytest

from audiences.consent.permissions import PERMISSION_TABLE
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.rendering.campaign_reason import message_reason
from campaigns.rendering.templates.folder import load_template_folder

ROOT = Path(__file__).parents[2]
LIST = Localised(fi="Ruokaideat", sv="Matidéer", en="Food ideas")
CELLS = [
    (purpose, channel, is_partner)
    for (purpose, is_partner), cells in PERMISSION_TABLE.items()
    for channel in cells
]  # fmt: skip


@pytest.mark.parametrize(("purpose", "channel", "is_partner"), CELLS)
def test_every_permitted_message_has_a_reason_in_three_languages(
    purpose: Purpose, channel: Channel, is_partner: bool
) -> None:
    reasons = {message_reason(purpose, channel, language, LIST, is_partner=is_partner) for language in Language}
    assert len(reasons) == 3
    assert all(reason.endswith(".") and "{" not in reason for reason in reasons)


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        (Language.FI, "Sait tämän viestin, koska olet tilannut uutiskirjeemme Ruokaideat."),
        (Language.SV, "Du får det här meddelandet eftersom du prenumererar på vårt nyhetsbrev Matidéer."),
        (Language.EN, "You are receiving this because you subscribe to our newsletter Food ideas."),
    ],
)
def test_the_reason_of_a_newsletter_names_the_list_of_the_campaign(language: Language, reason: str) -> None:
    assert message_reason(Purpose.NEWSLETTER, Channel.EMAIL, language, LIST) == reason


def test_the_choice_behind_a_message_differs_by_channel_and_partner() -> None:
    reasons = [
        message_reason(Purpose.MARKETING, channel, Language.EN, LIST, is_partner=is_partner)
        for channel in (Channel.EMAIL, Channel.SMS, Channel.POST)
        for is_partner in (False, True)
    ]
    assert len(set(reasons)) == len(reasons)


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "templates" / "email").glob("[!_]*")))
def test_no_shipped_email_writes_its_reason_by_hand(name: str) -> None:
    assert "reason" not in load_template_folder(ROOT, Channel.EMAIL, name).texts
