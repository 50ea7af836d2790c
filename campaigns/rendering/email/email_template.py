"""E-mail template in one language: compiled once, rendered for each member."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from campaigns.core.errors import FilePosition
from campaigns.core.model.brand import BrandConstants
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.email.deal_annotations import DealAnnotations, deal_annotations
from campaigns.rendering.email.includes import collect_includes, expand_includes
from campaigns.rendering.email.mjml import DEFAULT_BRAND, MJML_FILE, compile_mjml
from campaigns.rendering.email.placeholders import Placeholders
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource
from campaigns.rendering.templates.sandbox import CompiledTemplate, compile_template, sandbox_for, variable_uses_in
from campaigns.rendering.templates.variables import VariableUse

SUBJECT: Final = "subject"
TEXT_FILE: Final = "body.txt"
CLIP_BYTES: Final = 102_000
"""Bytes of HTML at which Gmail clips a message, and the unsubscribe link with it."""
DEALS: Final = "deals"
_LINK_TEXT: Final = "button_link"
_LINK: Final = re.compile(r"https?://[^\s{}]+")
_BLANK_LINES: Final = "\n\n\n"
_SHARED_LINK: Final = re.compile(r"""\shref="(https?://[^"{}\s]+)\"""")


@dataclass(frozen=True, slots=True)
class EmailBody:
    """Rendered content of one e-mail: the subject on one line, the text part and the HTML part."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class EmailTemplate:
    """Compiled e-mail template in one language."""

    language: Language
    subject: CompiledTemplate
    text: CompiledTemplate
    html: CompiledTemplate
    shared_links: frozenset[str]
    """Links in the HTML that are the same for every member, as written there."""
    deals: DealAnnotations | None
    """Annotations of offers, where the HTML prints `deals`."""

    @classmethod
    def compile(
        cls,
        folder: TemplateFolder,
        language: Language,
        settings: Settings,
        track_link: Callable[[str], str] | None = None,
    ) -> Self:
        """Compile the folder in one language; UserError with every problem.

        `track_link` maps the HTML links that are the same for every member to other addresses; by default they stay.
        """
        sandbox = sandbox_for(Channel.EMAIL, language, settings.currency)
        *plain, (html, place_of) = email_sources(folder, language, settings.brand.constants(str(settings.public_url)))
        targets = frozenset(_SHARED_LINK.findall(html.text))
        if track_link is not None:
            tracked = _SHARED_LINK.sub(lambda link: link[0].replace(link[1], track_link(link[1])), html.text)
            html = TemplateSource(html.file, tracked)
        subject, text = (compile_template(sandbox, source, place) for source, place in plain)
        deals = _deal_annotations(folder, language, settings) if DEALS in html.text else None
        return cls(language, subject, text, compile_template(sandbox, html, place_of), targets, deals)

    def render(self, context: Mapping[str, object], html_values: Mapping[str, object] | None = None) -> EmailBody:
        """Return the message of one member; TemplateError when a value is missing or of the wrong type.

        `html_values` replace values in the HTML alone, such as the links of offers: text parts are not tracked.
        """
        deals = {} if self.deals is None else {DEALS: self.deals(context.get("offers"))}
        return EmailBody(
            one_line(self.subject.render(context)),
            _normalised_text(self.text.render(context)),
            self.html.render({**context, **deals, **(html_values or {})}),
        )


def _deal_annotations(folder: TemplateFolder, language: Language, settings: Settings) -> DealAnnotations:
    """Return the annotations of the offers; their link is that of the button, if it is the same for everybody."""
    text = folder.texts.get(_LINK_TEXT)
    link = "" if text is None else text.localised.text(language)
    return deal_annotations(language, settings.currency, settings.zone, link if _LINK.fullmatch(link) else None)


def email_variable_uses(folder: TemplateFolder) -> tuple[VariableUse, ...]:
    """Return every use of a value in the folder's e-mail, in all three languages, with its position."""
    return tuple(
        read
        for language in Language
        for source, place in email_sources(folder, language)
        for read in variable_uses_in(source, place)
    )


def email_variables(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's e-mail reads, which a plan has to freeze."""
    return frozenset(read.name for read in email_variable_uses(folder))


@lru_cache(maxsize=64)
def email_sources(
    folder: TemplateFolder, language: Language, brand: BrandConstants = DEFAULT_BRAND
) -> tuple[tuple[TemplateSource, Callable[[int], FilePosition]], ...]:
    """Return the Jinja sources of subject, text and HTML in one language, with the origin of their lines."""
    return tuple(_sources(folder, language, brand))


def _sources(
    folder: TemplateFolder, language: Language, brand: BrandConstants
) -> Iterator[tuple[TemplateSource, Callable[[int], FilePosition]]]:
    heading = TemplateSource(folder.path_of("texts.yaml"), f"[[ {SUBJECT} ]]")
    for file, sources in (
        (heading.file, {heading.file: heading}),
        (folder.path_of(TEXT_FILE), collect_includes(folder, TEXT_FILE)),
    ):
        placeholders = Placeholders(folder.texts, dict(brand.entries))
        extracted = {path: placeholders.extract(source) for path, source in sources.items()}
        restored = placeholders.restore(expand_includes(next(iter(extracted)), extracted), language)
        yield TemplateSource(file, restored.text), restored.position_of_line
    restored = compile_mjml(folder, brand).in_language(language)
    yield TemplateSource(folder.path_of(MJML_FILE), restored.text), restored.position_of_line


def one_line(text: str) -> str:
    """Return the text as a header value, without line breaks and control characters (A-22)."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _normalised_text(text: str) -> str:
    lines = "\n".join(map(str.rstrip, text.split("\n")))
    while _BLANK_LINES in lines:
        lines = lines.replace(_BLANK_LINES, "\n\n")
    return lines.strip() + "\n"
