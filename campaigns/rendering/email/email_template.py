"""One e-mail template in one language: compiled once, then filled for each member."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from campaigns.core.errors import Place
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
_GAP: Final = "\n\n\n"
_TARGET: Final = re.compile(r"""\shref="(https?://[^"{}\s]+)\"""")


@dataclass(frozen=True, slots=True)
class EmailBody:
    """What one member reads: the subject on one line, the text and the HTML, both saying the same."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class EmailTemplate:
    """A template in one language."""

    language: Language
    subject: Template
    text: Template
    html: Template
    targets: frozenset[str]
    """Where the links of the HTML lead that are the same for every member, as they are written there."""

    @classmethod
    def compile(
        cls, folder: TemplateFolder, language: Language, settings: Settings, led: Callable[[str], str] | None = None
    ) -> Self:
        """The folder in one language; AuthorError with what its author has to put right.

        `led` says where the links of the HTML lead that are the same for every member; without it they stay.
        """
        sandbox = environment(Channel.EMAIL, language, settings.currency)
        *plain, (html, place_of) = email_parts(folder, language)
        targets = frozenset(_TARGET.findall(html.text))
        if led is not None:
            lead = led
            html = Source(html.file, _TARGET.sub(lambda found: found[0].replace(found[1], lead(found[1])), html.text))
        subject, text = (compile_template(sandbox, source, place) for source, place in plain)
        return cls(language, subject, text, compile_template(sandbox, html, place_of), targets)

    def render(self, context: Mapping[str, object]) -> EmailBody:
        """The message of one member; TemplateError when a value is missing or of the wrong kind."""
        return EmailBody(
            one_line(self.subject.render(context)),
            _tidy(self.text.render(context)),
            self.html.render(context),
        )


def email_reads(folder: TemplateFolder) -> tuple[Read, ...]:
    """Every use of a value in the folder's e-mail, in all three languages, with its place."""
    return tuple(
        read
        for language in Language
        for source, place in email_parts(folder, language)
        for read in reads_of(source, place)
    )


def email_names(folder: TemplateFolder) -> frozenset[str]:
    """The values that the folder's e-mail reads: what a plan has to freeze for it."""
    return frozenset(read.name for read in email_reads(folder))


@lru_cache(maxsize=64)
def email_parts(folder: TemplateFolder, language: Language) -> tuple[tuple[Source, Callable[[int], Place]], ...]:
    """Subject, text and HTML as Jinja reads them, the words of one language put in, and where their lines came from."""
    return tuple(_filled(folder, language))


def _filled(folder: TemplateFolder, language: Language) -> Iterator[tuple[Source, Callable[[int], Place]]]:
    heading = Source(folder.located("texts.yaml"), f"[[ {SUBJECT} ]]")
    for file, sources in ((heading.file, {heading.file: heading}), (folder.located(TEXT), gather(folder, TEXT))):
        holes = Holes(folder.texts)
        marked = {path: holes.dig(source) for path, source in sources.items()}
        filled = holes.fill(joined(next(iter(marked)), marked), language)
        yield Source(file, filled.text), filled.place
    filled = compile_mjml(folder).in_language(language)
    yield Source(folder.located(BODY), filled.text), filled.place


def one_line(text: str) -> str:
    """A header's value: no line break of any kind and no control character survives (A-22)."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _tidy(text: str) -> str:
    lines = "\n".join(map(str.rstrip, text.split("\n")))
    while _GAP in lines:
        lines = lines.replace(_GAP, "\n\n")
    return lines.strip() + "\n"
