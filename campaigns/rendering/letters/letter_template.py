"""Letter templates: texts filled one member at a time, pages rendered many at a time as PDF/A-2b.

A member's values reach Typst as JSON strings, never as source, so that no name can inject markup, and in a document of
their own, so that no letter can print another's (`letter_renderer`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from campaigns.core.errors import FilePosition
from campaigns.core.model.brand import Brand
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.letters.fonts import can_draw, visible_text
from campaigns.rendering.letters.letter_pictures import OfferPictures, picture_name, picture_path, typst_sources
from campaigns.rendering.letters.letter_renderer import LetterDocuments, LetterPages
from campaigns.rendering.letters.markup import (
    LETTER_FILE,
    LINKS,
    NOT_READ,
    OFFER_TEXT_PREFIX,
    PICTURE,
    SYMBOL,
    letter_texts,
    markup_variable_uses,
    offer_drawings,
    qr_links,
)
from campaigns.rendering.letters.postal_address import PostalAddress
from campaigns.rendering.symbols.qr_code import qr_drawing
from campaigns.rendering.templates.filters import template_filters
from campaigns.rendering.templates.folder import SHARED_FOLDER, TemplateFolder, TemplateSource
from campaigns.rendering.templates.sandbox import CompiledTemplate, TemplateError, compile_template, sandbox_for
from campaigns.rendering.templates.variables import VariableUse

BRAND_FILE: Final = "brand.json"
_TELEPHONE: Final = re.compile(r"\+\d[\d ]+\d")


@dataclass(frozen=True)
class LetterTemplate:
    """Compiled letter in one language, ready to be filled and rendered.

    `pictures` are those of offers; without any, as in a check, their places stay empty.
    """

    file: str
    language: Language
    currency: str
    texts: Mapping[str, CompiledTemplate]
    constant_keys: frozenset[str]
    offer_texts: Mapping[str, CompiledTemplate]
    drawings: frozenset[str]
    qr_links: tuple[str, ...]
    sources: Mapping[str, bytes]
    house: bytes
    pictures: OfferPictures | None
    _constant_texts: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def compile(
        cls, folder: TemplateFolder, language: Language, settings: Settings, pictures: OfferPictures | None = None
    ) -> "LetterTemplate":
        """Compile the folder in one language; UserError with every problem of its texts.

        Typst reads its source only when pages are rendered; `check_letter` renders the sample for that reason.
        """
        sandbox = sandbox_for(Channel.POST, language, settings.currency)
        texts = letter_texts(folder, language)
        compiled = {
            key: compile_template(sandbox, TemplateSource(text.place.file, text.text), text.line_place)
            for key, text in texts.items()
        }
        return cls(
            folder.path_of(LETTER_FILE),
            language,
            settings.currency,
            {key: text for key, text in compiled.items() if not key.startswith(OFFER_TEXT_PREFIX)},
            frozenset(key for key, text in texts.items() if "{" not in text.text),
            {
                key.removeprefix(OFFER_TEXT_PREFIX): text
                for key, text in compiled.items()
                if key.startswith(OFFER_TEXT_PREFIX)
            },
            offer_drawings(folder),
            qr_links(folder),
            {**_sources(folder), BRAND_FILE: _brand_values(settings.brand)},
            _json(_house_values(settings, language)),
            pictures,
        )

    def fill(self, context: Mapping[str, object], address: PostalAddress) -> Mapping[str, Any]:
        """Return the values of one member's letter, all plain text; TemplateError when one is missing."""
        today = context["today"]
        if not isinstance(today, date):
            raise TypeError("`today` is a date")
        return {
            "address": address.rows,
            "date": template_filters(self.language, self.currency)["date"](today, "long"),
            "arm": context.get("arm") or "",
            "text": {key: self._text(key, context) for key in self.texts},
            "offers": self._offers(context),
            "qr": {name: qr_drawing(self._link(name, context)) for name in self.qr_links},
        }

    def render_bundle(
        self, pages: Sequence[Mapping[str, Any]], created_at: datetime, *, is_sample: bool = False
    ) -> LetterPages:
        """Render the letters of filled values in order, each beginning on a new page.

        The same values and `created_at` give the same bytes. UserError for an error that Typst finds in the template,
        in Typst's own words for a sample only.
        """
        return self._documents(pages, created_at, is_sample=is_sample).render()

    def render_images(
        self, page: Mapping[str, Any], created_at: datetime, *, is_sample: bool = False
    ) -> tuple[bytes, ...]:
        """Render the pages of one letter as PNG, for a screen; raise UserError as `render_bundle` does."""
        return self._documents([page], created_at, is_sample=is_sample).render_images()[0]

    def _documents(
        self, pages: Sequence[Mapping[str, Any]], created_at: datetime, *, is_sample: bool
    ) -> LetterDocuments:
        members = [_json({**page, "offers": list(map(_with_picture_path, page["offers"]))}) for page in pages]
        picture_names = [sorted({offer[PICTURE] for offer in page["offers"] if offer.get(PICTURE)}) for page in pages]
        return LetterDocuments(
            self.file,
            self.sources,
            self.language.value,
            self.house,
            members,
            created_at,
            is_sample,
            {name: self._picture_content(name) for name in sorted({name for names in picture_names for name in names})},
            picture_names,
        )

    def _picture_content(self, name: str) -> bytes:
        content = None if self.pictures is None else self.pictures.content(name)
        if content is None:
            raise TemplateError(FilePosition(self.file), f"there is no picture `{name}`", is_missing=True)
        return content

    def _text(self, key: str, context: Mapping[str, object]) -> str:
        if (constant := self._constant_texts.get(key)) is not None:
            return constant
        text = _printable_text(self.texts[key], context)
        if key in self.constant_keys:
            self._constant_texts[key] = text
        return text

    def _link(self, name: str, context: Mapping[str, object]) -> str:
        links = context.get(LINKS)
        link = links.get(name) if isinstance(links, Mapping) else None
        if not isinstance(link, str):
            raise TemplateError(FilePosition(self.file), f"`{LINKS}.{name}` has no value", is_missing=True)
        return link

    def _offers(self, context: Mapping[str, object]) -> list[dict[str, str]]:
        offers = context.get("offers") if self.offer_texts else ()
        return [
            {
                **{key: _printable_text(text, {**context, "offer": offer}) for key, text in self.offer_texts.items()},
                **self._drawings(offer),
            }
            for offer in (offers if isinstance(offers, Sequence) else ())
        ]

    def _drawings(self, offer: Mapping[str, object]) -> Mapping[str, str]:
        """Return the name of an offer's picture, and its coupon's symbol as SVG; "" for what is not there."""
        drawings = {}
        if PICTURE in self.drawings:
            drawings[PICTURE] = "" if self.pictures is None else picture_name(str(offer.get("image") or ""))
            if drawings[PICTURE]:
                self._picture_content(drawings[PICTURE])
        if SYMBOL in self.drawings:
            coupon = offer.get("coupon")
            drawings[SYMBOL] = str(coupon.get("image") or "") if isinstance(coupon, Mapping) else ""
        return drawings


def letter_variable_uses(folder: TemplateFolder) -> tuple[VariableUse, ...]:
    """Return every use of a value in the folder's letter, in all three languages, with its position."""
    return tuple(markup_variable_uses(folder))


def letter_variables(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's letter reads, which a plan has to freeze."""
    return frozenset(read.name for read in letter_variable_uses(folder))


def _sources(folder: TemplateFolder) -> Mapping[str, bytes]:
    """Return the files that Typst may read, by path in the workspace: the template's and the shared ones, no others.

    The texts and the sample are not among them: a letter prints its member's texts, which are filled already. Nor are
    files that are no text, which Typst cannot be given.
    """
    directory = Path(folder.directory)
    shared = {(directory.parent / SHARED_FOLDER / file).as_posix(): data for file, data in folder.shared.items()}
    own = {(directory / file).as_posix(): data for file, data in folder.files.items()}
    files = {**shared, **own}.items()
    return typst_sources({name: data for name, data in files if Path(name).name not in NOT_READ})


def _house_values(settings: Settings, language: Language) -> Mapping[str, str]:
    organisation, footer = settings.organisation, settings.brand.footer
    return {
        "language": language.value,
        "name": organisation.name.text(language),
        "legal_name": organisation.legal_name,
        "street": organisation.street,
        "postal_code": organisation.postal_code,
        "city": organisation.city.text(language),
        "telephone": organisation.telephone,
        "footer": "" if footer is None else visible_text(footer.text(language)),
    }


def _brand_values(brand: Brand) -> bytes:
    """Return colours, typefaces and logo as JSON; the picture is a list of its bytes, as Typst reads no other files."""
    picture = None if brand.logo is None else brand.logo.light
    logo = picture and {"picture": list(picture.content), "shape": picture.width / picture.height}
    faces = {"heading": brand.type.letter_heading, "body": brand.type.letter_body}
    return _json({"colours": brand.colours.model_dump(), "type": faces, "logo": logo})


def _with_picture_path(offer: Mapping[str, str]) -> Mapping[str, str]:
    """Return an offer with the path by which Typst reads its picture."""
    return {**offer, PICTURE: f"/{picture_path(offer[PICTURE])}"} if offer.get(PICTURE) else offer


def _json(values: Mapping[str, object]) -> bytes:
    """Return values as JSON that begins with an entry called `/*`.

    Typst reads every file that it is given as markup, too, and thereby takes the rest for a comment, in no time.
    """
    return json.dumps({"/*": None, **values}, ensure_ascii=False).encode()


def _printable_text(text: CompiledTemplate, context: Mapping[str, object]) -> str:
    """Return the text of one member as it can be printed, with telephone numbers that do not break over lines."""
    printable = visible_text(text.render(context)).strip()
    if not can_draw(printable):
        raise TemplateError(text.place_of(0), "a value has a character that the typeface of letters lacks")
    return _TELEPHONE.sub(lambda number: number[0].replace(" ", "\u00a0"), printable)
