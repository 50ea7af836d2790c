"""Pages from templates and texts: every word in three languages, every value escaped, nothing left undefined."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from campaigns.core.errors import AuthorError, Problem
from campaigns.core.model.enums import Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.choice_labels import choice_names
from campaigns.rendering.templates.filters import filters
from campaigns.rendering.templates.translations import Text, read_texts

_FOLDER: Final = Path(__file__).with_name("pages")
LANGUAGE_NAMES: Final = {Language.FI: "Suomi", Language.SV: "Svenska", Language.EN: "English"}


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Text]:
    """The texts of the pages by key, the names of choices among them; each is there in every language, or none is."""
    return {**choice_names(), **read_words("texts.yaml"), **read_words("desk.yaml")}


def read_words(name: str) -> Mapping[str, Text]:
    """The texts of one file beside the pages."""
    problems: list[Problem] = []
    found = read_texts(name, (_FOLDER / name).read_bytes(), problems)
    if problems:
        raise AuthorError(problems)
    return found


def say(key: str, language: Language, **values: str) -> str:
    """A text in a language, with values put in; still to be escaped."""
    return texts()[key].words.text(language).format_map(values)


@dataclass(frozen=True, eq=False)
class Pages:
    """Writes the pages of one organisation. Two that are made are two: settings have no hash."""

    settings: Settings

    def answer(self, name: str, language: Language, path: str, status: int = 200, **values: object) -> HTMLResponse:
        """The page of a template; `path` is where the same page is read in another language."""
        write = filters(language, self.settings.currency)
        content = self._environment.get_template(f"{name}.html").render(
            **values,
            t=partial(say, language=language),
            **{name: write[name] for name in ("date", "money", "number")},
            language=language.value,
            languages=[(each.value, LANGUAGE_NAMES[each], f"{path}?lang={each.value}") for each in Language],
            organisation=self.settings.organisation.values(language),
            synthetic=self.settings.synthetic,
        )
        return HTMLResponse(content, status, {"Content-Language": language.value})

    def say(self, key: str, language: Language, **values: str) -> str:
        """A text that may name the organisation."""
        return say(key, language, organisation=self.settings.organisation.name.text(language), **values)

    @cached_property
    def _environment(self) -> Environment:
        return Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
