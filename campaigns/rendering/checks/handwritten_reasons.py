"""Reasons that a template writes by hand: they name another newsletter as soon as another campaign uses it."""

import re
from collections.abc import Iterator
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.folder import TemplateFolder

_KEY: Final = "reason"
_HINT: Final = "print `{{ campaign.reason }}` instead, as the shared footer does"
_SUBSCRIBING: Final = {
    Language.FI: re.compile(r"\btil(?:an|aa)", re.IGNORECASE),
    Language.SV: re.compile(r"prenumer", re.IGNORECASE),
    Language.EN: re.compile(r"subscri", re.IGNORECASE),
}


def handwritten_reasons(folder: TemplateFolder, campaign: Campaign, settings: Settings) -> Iterator[Problem]:
    """Refuse a sentence about subscribing that names another list than the campaign's; warn of any other reason."""
    sent = settings.newsletters.get(campaign.newsletter or "")
    for key, text in folder.texts.items():
        for language in Language:
            words, place = text.localised.text(language), text.positions[language]
            others = (title.text(language) for title in settings.newsletters.values() if title != sent)
            is_reason = key == _KEY or _SUBSCRIBING[language].search(words) is not None
            named = [title for title in others if title.casefold() in words.casefold()] if is_reason else []
            if named and (sent is None or sent.text(language).casefold() not in words.casefold()):
                what = f"sends `{sent.text(language)}`" if sent else "is no newsletter"
                message = f"`{key}` names the newsletter `{named[0]}`, but the campaign `{campaign.name}` {what}"
                yield Problem(place, message, "other_newsletter", _HINT)
        if key == _KEY and "campaign.reason" not in text.localised.text(Language.EN):
            yield _by_hand(text.positions[Language.EN])


def _by_hand(place: FilePosition) -> Problem:
    message = "a reason written by hand is wrong in the next campaign that uses this template"
    return Problem(place, message, "handwritten_reason", _HINT, Severity.WARNING)
