"""E-mail template in one language: compiled once, rendered for each member."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from campaigns.core.errors import FilePosition
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.email.includes import gather, joined
from campaigns.rendering.email.mjml import BODY, compile_mjml
from campaigns.rendering.email.placeholders import Holes
from campaigns.rendering.templates.folder import Source, TemplateFolder
from campaigns.rendering.templates.sandbox import Template, compile_template, environment, reads_of
from campaigns.rendering.templates.variables import Read

SUBJECT: Final = "subject"
TEXT: Final = "body.txt"
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
    subject: Template
    text: Template
    html: Template
    targets: frozenset[str]
    """Links in the HTML that are the same for every member, as written there."""

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
        sandbox = environment(Channel.EMAIL, language, settings.currency)
        *plain, (html, place_of) = email_parts(folder, language)
        targets = frozenset(_SHARED_LINK.findall(html.text))
        if track_link is not None:
            tracked = _SHARED_LINK.sub(lambda link: link[0].replace(link[1], track_link(link[1])), html.text)
            html = Source(html.file, tracked)
        subject, text = (compile_template(sandbox, source, place) for source, place in plain)
        return cls(language, subject, text, compile_template(sandbox, html, place_of), targets)

    def render(self, context: Mapping[str, object]) -> EmailBody:
        """Return the message of one member; TemplateError when a value is missing or of the wrong type."""
        return EmailBody(
            one_line(self.subject.render(context)),
            _normalised_text(self.text.render(context)),
            self.html.render(context),
        )


def email_reads(folder: TemplateFolder) -> tuple[Read, ...]:
    """Return every use of a value in the folder's e-mail, in all three languages, with its position."""
    return tuple(
        read
        for language in Language
        for source, place in email_parts(folder, language)
        for read in reads_of(source, place)
    )


def email_names(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's e-mail reads, which a plan has to freeze."""
    return frozenset(read.name for read in email_reads(folder))


@lru_cache(maxsize=64)
def email_parts(folder: TemplateFolder, language: Language) -> tuple[tuple[Source, Callable[[int], FilePosition]], ...]:
    """Return the Jinja sources of subject, text and HTML in one language, with the origin of their lines."""
    return tuple(_sources(folder, language))


def _sources(folder: TemplateFolder, language: Language) -> Iterator[tuple[Source, Callable[[int], FilePosition]]]:
    heading = Source(folder.located("texts.yaml"), f"[[ {SUBJECT} ]]")
    for file, sources in ((heading.file, {heading.file: heading}), (folder.located(TEXT), gather(folder, TEXT))):
        placeholders = Holes(folder.texts)
        extracted = {path: placeholders.dig(source) for path, source in sources.items()}
        restored = placeholders.fill(joined(next(iter(extracted)), extracted), language)
        yield Source(file, restored.text), restored.place
    restored = compile_mjml(folder).in_language(language)
    yield Source(folder.located(BODY), restored.text), restored.place


def one_line(text: str) -> str:
    """Return the text as a header value, without line breaks and control characters (A-22)."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _normalised_text(text: str) -> str:
    lines = "\n".join(map(str.rstrip, text.split("\n")))
    while _BLANK_LINES in lines:
        lines = lines.replace(_BLANK_LINES, "\n\n")
    return lines.strip() + "\n"
