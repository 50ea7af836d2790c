"""`docs/words.md` holds over every text that members read: one word for one idea, in three languages (C-08)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from campaigns.core.model.enums import Language
from campaigns.core.yaml.source import read_yaml
from campaigns.rules.describing.english import ENGLISH
from campaigns.rules.describing.finnish import FINNISH
from campaigns.rules.describing.swedish import SWEDISH
from campaigns.workspace.catalogue_file import load_catalogue

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "words.md").read_text("utf-8")
PAGES: Final = ROOT / "campaigns" / "web" / "pages"
NOTICES: Final = ROOT / "campaigns" / "rendering" / "notice_templates"
STARTER: Final = ROOT / "campaigns" / "workspace" / "starter"
FILES: Final = (
    PAGES / "texts.yaml",
    PAGES / "code_labels.yaml",
    PAGES / "data_labels.yaml",
    ROOT / "campaigns" / "rendering" / "choice_labels.yaml",
    NOTICES / "texts.yaml",
    NOTICES / "words.yaml",
    *sorted((ROOT / "templates").glob("*/*/texts.yaml")),
    *sorted((ROOT / "config" / "labels").glob("*.yaml")),
    *sorted((ROOT / "config" / "campaigns").glob("*.yaml")),
    ROOT / "config" / "settings.yaml",
    *sorted(STARTER.glob("templates/*/*/texts.yaml")),
    *sorted((STARTER / "config").rglob("*.yaml")),
    *sorted((STARTER / "config").rglob("*.yaml.in")),
    ROOT / "config" / "brand.yaml",
)
STIFF: Final = (
    "Et enää saa meiltä tätä",
    "Det förkryssade får du",
    "Look at your mail",
    "Katso postisi",
    "Se din post",
)
_ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE[PAGE.index("| idea |") :].split("\n\n")[0].splitlines()[2:]
]
_ALLOWED: Final = [
    *re.findall(r"`([^`]+)`", PAGE[PAGE.index("*Jäsen*, *medlem*") :].split("\n\n")[0]),
    *{term.strip() for row in _ROWS for term in row[3].split(",")},
]


def refused_words() -> list[str]:
    return sorted({word for row in _ROWS for word in re.findall(r"`([^`]+)`", row[4])})


def texts(value: object) -> Iterator[str]:
    """Yield the texts of all languages in a file."""
    if isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, str):
        yield re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{\w+\}|https?://\S+", " ", value)


def localised(value: object) -> Iterator[str]:
    """Yield the texts in three languages; other values of a file are not read by members."""
    if isinstance(value, dict) and set(value) == set(Language):
        yield from texts(value)
    elif isinstance(value, dict):
        for part in value.values():
            yield from localised(part)
    elif isinstance(value, list):
        for part in value:
            yield from localised(part)


def refused_in(text: str) -> list[str]:
    """Return the refused words that begin a word of the text."""
    for phrase in sorted(_ALLOWED, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(phrase)}", " ", text, flags=re.IGNORECASE)
    return [word for word in refused_words() if re.search(rf"(?<![\w-]){re.escape(word)}", text, re.IGNORECASE)]


def test_the_list_has_a_word_in_each_language_for_every_idea() -> None:
    assert len(_ROWS) >= 12
    assert all(len(row) == 5 and all(row) for row in _ROWS)


@pytest.mark.parametrize(
    "text",
    ["Jäsenyytesi jatkuu", "Medlemmens val", "Your member number", "Ägarposten", "Omistajaposti", "The owners' post"],
)
def test_a_refused_word_is_found(text: str) -> None:
    assert refused_in(text)


@pytest.mark.parametrize(
    "text", ["Asiakasomistajuutesi", "Ägarkundens val", "A co-op member's household", "asiakasomistajatalouden jäsen"]
)
def test_a_chosen_word_is_not_refused(text: str) -> None:
    assert refused_in(text) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_text_uses_a_refused_word(file: Path) -> None:
    found = {text: words for text in localised(read_yaml(file).value) if (words := refused_in(text))}
    assert found == {}
    assert [text for text in localised(read_yaml(file).value) for stiff in STIFF if stiff in text] == []


def test_no_meaning_in_the_catalogue_uses_a_refused_word() -> None:
    catalogue = load_catalogue(ROOT / "config" / "catalogue.yaml")
    meanings = [column.meaning for table in catalogue.tables.values() for column in table.columns.values()]
    found = {text: words for each in meanings for text in texts(each.model_dump()) if (words := refused_in(text))}
    assert found == {}


@pytest.mark.parametrize("phrases", [FINNISH, SWEDISH, ENGLISH], ids=["fi", "sv", "en"])
def test_rules_in_words_for_receivers_use_no_refused_word(phrases) -> None:
    spoken = phrases.for_receivers()
    parts = [getattr(spoken, name) for name in ("field", "register", "bought", "shopped", "received", "birthday")]
    parts += [*spoken.registers.values(), *spoken.messages.values()]
    flat = [text for part in parts for text in (part if isinstance(part, tuple) else (part,))]
    assert {text: words for text in flat if (words := refused_in(text.replace("{}", "")))} == {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_text_has_three_languages_that_differ_in_length_by_no_more_than_their_words(file: Path) -> None:
    for key, value in read_yaml(file).value.items():
        if isinstance(value, dict) and set(value) == set(Language):
            sentences = {len(re.findall(r"[.!?](?:\s|$)", text)) for text in texts(value)}
            assert max(sentences) - min(sentences) <= 2, key
