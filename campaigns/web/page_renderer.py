"""Page renderer: Jinja templates and texts in three languages; values are escaped and undefined ones fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.choice_labels import choice_labels
from campaigns.rendering.page_environment import page_environment
from campaigns.rendering.templates.filters import template_filters
from campaigns.rendering.templates.translations import TranslatedText, read_texts
from campaigns.web.brand_style import PageLogo, icon, style_sheet
from campaigns.web.static_files import MadeFile, static_url

_FOLDER: Final = Path(__file__).with_name("pages")
LANGUAGE_NAMES: Final = {Language.FI: "Suomi", Language.SV: "Svenska", Language.EN: "English"}


@lru_cache(maxsize=1)
def page_texts() -> Mapping[str, TranslatedText]:
    """Return all page texts by key, choice labels included; every text exists in every language."""
    files = ("texts.yaml", "desk.yaml", "identity.yaml")
    return {**choice_labels(), **{key: text for name in files for key, text in read_text_file(name).items()}}


def read_text_file(name: str) -> Mapping[str, TranslatedText]:
    """Return the texts of one file in the pages folder; raise UserError when it is invalid."""
    problems: list[Problem] = []
    texts_by_key = read_texts(name, (_FOLDER / name).read_bytes(), problems)
    if problems:
        raise UserError(problems)
    return texts_by_key


def translate(key: str, language: Language, **values: str) -> str:
    """Return a text in a language, with its values filled in; the caller escapes it."""
    return page_texts()[key].localised.text(language).format_map(values)


@dataclass(frozen=True, slots=True)
class PageLook:
    """Style sheet, icon and logo of every page."""

    style: MadeFile
    icon: MadeFile
    logo: PageLogo | None


@dataclass(frozen=True, eq=False)
class PageRenderer:
    """Page renderer of one organisation. Compared by identity: settings have no hash."""

    settings: Settings

    @cached_property
    def look(self) -> PageLook:
        """Files and logo that every page names, made from the brand once."""
        brand = self.settings.brand
        return PageLook(style_sheet(brand), icon(self.settings), PageLogo.of_brand(brand))

    def render(self, name: str, language: Language, path: str, status: int = 200, **values: object) -> HTMLResponse:
        """Render a template; `path` is the page's address, to which its other languages link."""
        formats, brand = template_filters(language, self.settings.currency), self.settings.brand
        content = (
            page_environment(_FOLDER)
            .get_template(f"{name}.html")
            .render(
                **values,
                t=partial(translate, language=language),
                static_url=static_url,
                **{name: formats[name] for name in ("date", "money", "number")},
                language=language.value,
                languages=[(other.value, LANGUAGE_NAMES[other], f"{path}?lang={other.value}") for other in Language],
                organisation=self.settings.organisation.template_values(language),
                look=self.look,
                footer=None if brand.footer is None else brand.footer.text(language),
                synthetic=self.settings.synthetic,
            )
        )
        return HTMLResponse(content, status, {"Content-Language": language.value})

    def translate(self, key: str, language: Language, **values: str) -> str:
        """Return a text that may name the organisation."""
        return translate(key, language, organisation=self.settings.organisation.name.text(language), **values)
