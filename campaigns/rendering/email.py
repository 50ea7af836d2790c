"""One e-mail template in one language: compiled once, then filled for each member."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from campaigns.errors import AuthorError
from campaigns.rendering.environment import Template, compile_template, environment, fill_texts, reads_of
from campaigns.rendering.folder import Source, TemplateFolder
from campaigns.rendering.mjml import compile_mjml, mjml_sources
from campaigns.rendering.names import Read
from campaigns.rendering.texts import TEXT_KEY, Text
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel, Language

SUBJECT: Final = "subject"
TEXT: Final = "body.txt"
_SPACE_AT_END: Final = re.compile(r"[ \t]+$", re.MULTILINE)
_GAP: Final = re.compile(r"\n{3,}")


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

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> Self:
        """The folder in one language; AuthorError with what its author has to put right."""
        sandbox = environment(Channel.EMAIL, language, settings.currency)
        words = folder.texts_in(language)
        if SUBJECT not in words:
            raise AuthorError.about(folder.located("texts.yaml"), "there is no text `subject`", "missing")
        filled = compile_mjml(folder).in_language(language)
        place = folder.texts[SUBJECT].places[language]
        return cls(
            language,
            compile_template(sandbox, Source(place.file, words[SUBJECT]), lambda _line: place),
            compile_template(sandbox, fill_texts(folder.source(TEXT), words)),
            compile_template(sandbox, Source(f"{folder.directory}/body.mjml", filled.text), filled.place),
        )

    def render(self, context: Mapping[str, object]) -> EmailBody:
        """The message of one member; TemplateError when a value is missing or of the wrong kind."""
        return EmailBody(
            one_line(self.subject.render(context)),
            _tidy(self.text.render(context)),
            self.html.render(context),
        )


def email_reads(folder: TemplateFolder) -> tuple[Read, ...]:
    """Every use of a value in the folder's e-mail, in all three languages, with its place."""
    sources = [*mjml_sources(folder).values(), folder.source(TEXT)]
    keys = {SUBJECT, *(key.strip() for source in sources for key in TEXT_KEY.findall(source.text))}
    used = [folder.texts[key] for key in sorted(keys) if key in folder.texts]
    return (
        *(read for source in sources for read in reads_of(source)),
        *(read for text in used for language in Language for read in _said(text, language)),
    )


def email_names(folder: TemplateFolder) -> frozenset[str]:
    """The values that the folder's e-mail reads: what a plan has to freeze for it."""
    return frozenset(read.name for read in email_reads(folder))


def _said(text: Text, language: Language) -> Iterator[Read]:
    place = text.places[language]
    return (Read(read.path, place) for read in reads_of(Source(place.file, text.words.text(language))))


def one_line(text: str) -> str:
    """A header's value: no line break of any kind and no control character survives (A-22)."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _tidy(text: str) -> str:
    return _GAP.sub("\n\n", _SPACE_AT_END.sub("", text)).strip() + "\n"
