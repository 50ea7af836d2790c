"""Reader of a template's translations, `texts.yaml`, and of its sample values, `sample.yaml`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import parse_yaml

TEXT_PLACEHOLDER: Final = re.compile(r"\[\[([^\[\]\n]{0,80})\]\]")  # placeholder of a text in a template

_ADD_TEXT: Final = "add it to texts.yaml"
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LANGUAGES: Final = tuple(language.value for language in Language)


@dataclass(frozen=True, slots=True)
class TranslatedText:
    """Text in three languages, with the position of each."""

    localised: Localised
    positions: Mapping[Language, FilePosition]


def closest_text(key: str, texts: Iterable[str]) -> str:
    """Return the hint for a text that does not exist."""
    return closest_match(key, texts) or _ADD_TEXT


def read_texts(file: str, content: bytes | None, problems: list[Problem]) -> dict[str, TranslatedText]:
    """Return the texts of a file by key, empty when there is no file; problems are appended to `problems`."""
    texts: dict[str, TranslatedText] = {}
    for key, entry in _entries(file, content, problems):
        entry_problems = list(_problems(key, entry))
        problems += entry_problems
        if not entry_problems:
            texts[key] = TranslatedText(
                Localised.model_validate(entry.value),
                {language: entry.part(language.value).place for language in Language},
            )
    return texts


def read_sample(file: str, content: bytes | None, problems: list[Problem]) -> dict[str, object]:
    """Return the values of a sample file by name, empty when there is no file."""
    return {key: entry.value for key, entry in _entries(file, content, problems)}


def _entries(file: str, content: bytes | None, problems: list[Problem]) -> Iterator[tuple[str, Located]]:
    if content is None:
        return
    try:
        yield from parse_yaml(content, file).entries()
    except UserError as error:
        problems += error.problems


def _problems(key: str, entry: Located) -> Iterator[Problem]:
    if not _KEY.fullmatch(key):
        yield Problem(entry.key_place, f"`{key}` cannot be a key: use lower-case letters, digits and `_`", "text_key")
    if not isinstance(entry.value, dict):
        yield Problem(entry.place, f"`{key}` is given in three languages", "language", "write {fi: …, sv: …, en: …}")
        return
    for language, part in entry.entries():
        if language not in _LANGUAGES:
            hint = closest_match(language, _LANGUAGES) or "fi, sv or en; a text with a comma needs quotes"
            yield Problem(part.key_place, f"`{language}` is not a language of ours", "language", hint)
        elif not isinstance(part.value, str) or not part.value.strip():
            yield Problem(part.key_place, f"`{key}` has no text in `{language}`", "language", "write it")
    for language in _LANGUAGES:
        if language not in entry.value:
            yield Problem(entry.key_place, f"`{key}` is missing in `{language}`", "language", f"add `{language}: …`")
