"""Reason of a message, as templates print it: made from purpose, channel, newsletter and partner, never by hand."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.campaign import CampaignBase
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.translations import TranslatedText, read_texts

_FILE: Final = Path(__file__).with_suffix(".yaml")
_PARTNER: Final = "partner"


def campaign_reason(campaign: CampaignBase, channel: Channel, language: Language, settings: Settings) -> str:
    """Return why members get a campaign's message through a channel: the choice that permits it.

    A list that the settings no longer have goes by the name of the organisation.
    """
    title = settings.newsletters.get(campaign.newsletter or "", settings.organisation.name)
    return message_reason(campaign.purpose, channel, language, title, is_partner=campaign.from_partner)


def message_reason(
    purpose: Purpose, channel: Channel, language: Language, newsletter: Localised, *, is_partner: bool = False
) -> str:
    """Return why members get messages of a purpose through a channel; `newsletter` is the title of the list."""
    texts, kind = _texts(), _PARTNER if is_partner else purpose.value
    key = f"{kind}_{channel}"
    text = texts[key if key in texts else kind].localised.text(language)
    return text.replace("{newsletter}", newsletter.text(language))


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, TranslatedText]:
    problems: list[Problem] = []
    texts = read_texts(_FILE.name, _FILE.read_bytes(), problems)
    if problems:
        raise UserError(problems)
    return texts
