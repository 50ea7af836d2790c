"""What the choices are called in three languages, wherever a member reads of them."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from campaigns.core.errors import AuthorError, Problem
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.translations import Text, read_texts

_FILE: Final = Path(__file__).with_suffix(".yaml")
_OBJECTIONS: Final = frozenset(
    {Choice.NO_DIRECT_MAIL, Choice.NO_OWNER_POST, Choice.NO_SURVEYS_OR_PHONE, Choice.NO_PURCHASE_DETAIL}
)
"""Choices that are named by what they forbid."""


@lru_cache(maxsize=1)
def choice_names() -> Mapping[str, Text]:
    """The names by choice, and the pattern of newsletters' under `newsletter`."""
    problems: list[Problem] = []
    found = read_texts(_FILE.name, _FILE.read_bytes(), problems)
    if problems:
        raise AuthorError(problems)
    return found


def choice_name(choice: str, language: Language, settings: Settings) -> str:
    """The name of one choice; a newsletter that is offered no more has the name of its list."""
    if not choice.startswith(NEWSLETTER_PREFIX):
        return choice_names()[choice].words.text(language)
    name = choice.removeprefix(NEWSLETTER_PREFIX)
    title = settings.newsletters[name].text(language) if name in settings.newsletters else name
    return choice_names()["newsletter"].words.text(language).format(title=title)


def comes(choice: str, *, on: bool) -> bool:
    """Whether what a choice is called by is on: with an objection on, the thing that it names is off."""
    return on is (choice not in _OBJECTIONS)
