"""Reasons that a template writes by hand: they name another newsletter as soon as another campaign uses it."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity, UserError
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.folder import TemplateFolder

_KEY: Final = "reason"
_FILES: Final = (".mjml", ".txt", ".typ")
_HINT: Final = "print `{{ campaign.reason }}` instead, as the shared footer does"
_REASON: Final = {
    Language.FI: re.compile(
        r"\btila(?:nnut|nneet|sit|sitte|ttu|ajana|uksesi|uksenne)|\bsa(?:at|it|atte|itte)\b.{0,200}\bkoska\b",
        re.IGNORECASE,
    ),
    Language.SV: re.compile(
        r"\bprenumerer(?:ar|at|ade)\b|\bprenumera(?:nt|tion)|\bf(?:år|ick)\b.{0,200}\b(?:eftersom|därför att)\b",
        re.IGNORECASE,
    ),
    Language.EN: re.compile(
        r"(?<!if )(?<!when )\byou subscribe\b|\bsubscri(?:bed|ber|ption)|\b(?:get|got|received?)\b.{0,200}\bbecause\b",
        re.IGNORECASE,
    ),
}
"""Words that say why a reader gets a message; `Tilaa`, `Prenumerera på` and `Subscribe to` invite to another list."""
_SENTENCE: Final = re.compile(r"[^.!?]+[.!?]?")


def handwritten_reasons(folder: TemplateFolder, campaign: Campaign, settings: Settings) -> Iterator[Problem]:
    """Refuse a sentence about subscribing that names another list than the campaign's; warn of any other reason."""
    for key, text in folder.texts.items():
        problems: list[Problem] = []
        for language in Language:
            words = text.localised.text(language)
            reasons = [words] if key == _KEY else _reasons(words, language)
            named = _named_in(reasons, campaign, settings, language)
            if named is not None:
                problems.append(_other(text.positions[language], f"`{key}`", named, campaign, settings, language))
        if key == _KEY and not problems and "campaign.reason" not in text.localised.text(Language.FI):
            problems.append(_by_hand(text.positions[Language.FI]))
        yield from problems
    yield from _written_in_files(folder, campaign, settings)


def _written_in_files(folder: TemplateFolder, campaign: Campaign, settings: Settings) -> Iterator[Problem]:
    """Refuse the same sentence where a file of the template writes it out, without a text."""
    for file in sorted(name for name in folder.files if name.endswith(_FILES)):
        try:
            lines = folder.source(file).text.splitlines()
        except UserError:  # which the check of the template reports
            continue
        for number, line in enumerate(lines, start=1):
            for language in Language:
                named = _named_in(_reasons(line, language), campaign, settings, language)
                if named is not None:
                    place = FilePosition(folder.path_of(file), number, line.casefold().find(named.casefold()) + 1)
                    yield _other(place, "this sentence", named, campaign, settings, language)


def _reasons(words: str, language: Language) -> list[str]:
    """Return the sentences that say why a reader gets the message; a question does not."""
    sentences = [sentence for sentence in _SENTENCE.findall(words) if not sentence.endswith("?")]
    return [sentence for sentence in sentences if _REASON[language].search(sentence)]


def _named_in(sentences: Iterable[str], campaign: Campaign, settings: Settings, language: Language) -> str | None:
    named = (_other_newsletter(sentence, campaign, settings, language) for sentence in sentences)
    return next((title for title in named if title is not None), None)


def _other_newsletter(words: str, campaign: Campaign, settings: Settings, language: Language) -> str | None:
    """Return the title of another newsletter that a sentence names instead of the campaign's own."""
    sent = settings.newsletters.get(campaign.newsletter or "")
    if sent is not None and sent.text(language).casefold() in words.casefold():
        return None
    others = (title.text(language) for title in settings.newsletters.values() if title != sent)
    return next((title for title in others if title.casefold() in words.casefold()), None)


def _other(
    place: FilePosition, where: str, named: str, campaign: Campaign, settings: Settings, language: Language
) -> Problem:
    sent = settings.newsletters.get(campaign.newsletter or "")
    sends = f"sends `{sent.text(language)}`" if sent else "is no newsletter"
    message = f"{where} names the newsletter `{named}`, but the campaign `{campaign.name}` {sends}"
    return Problem(place, message, "other_newsletter", _HINT)


def _by_hand(place: FilePosition) -> Problem:
    message = "a reason written by hand is wrong in the next campaign that uses this template"
    return Problem(place, message, "handwritten_reason", _HINT, Severity.WARNING)
