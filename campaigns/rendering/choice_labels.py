"""Labels of the choices in three languages, for messages and member pages."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.translations import TranslatedText, read_texts

_FILE: Final = Path(__file__).with_suffix(".yaml")
_OBJECTIONS: Final = frozenset(
    {Choice.NO_DIRECT_MAIL, Choice.NO_OWNER_POST, Choice.NO_SURVEYS_OR_PHONE, Choice.NO_PURCHASE_DETAIL}
)
"""Choices whose label names the thing they forbid."""


@lru_cache(maxsize=1)
def choice_labels() -> Mapping[str, TranslatedText]:
    """Return the labels by choice; `newsletter` holds the pattern for newsletters."""
    problems: list[Problem] = []
    labels = read_texts(_FILE.name, _FILE.read_bytes(), problems)
    if problems:
        raise UserError(problems)
    return labels


def choice_label(choice: str, language: Language, settings: Settings) -> str:
    """Return the label of one choice; a discontinued newsletter is labelled with the name of its list."""
    if not choice.startswith(NEWSLETTER_PREFIX):
        return choice_labels()[choice].localised.text(language)
    name = choice.removeprefix(NEWSLETTER_PREFIX)
    title = settings.newsletters[name].text(language) if name in settings.newsletters else name
    return choice_labels()["newsletter"].localised.text(language).format(title=title)


def is_label_enabled(choice: str, *, on: bool) -> bool:
    """Return whether the thing that a choice's label names is on; an objection that is on turns it off."""
    return on is (choice not in _OBJECTIONS)
