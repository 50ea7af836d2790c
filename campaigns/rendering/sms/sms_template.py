"""One text message in one language: compiled once, filled for each member, counted before anyone pays for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.sms.gsm7 import Encoding, normalised, size
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import Template, TemplateError, compile_template, environment, fill_texts
from campaigns.rendering.templates.text_variables import body_reads
from campaigns.rendering.templates.variables import Read

BODY: Final = "body.txt"
_SPACES: Final = re.compile(r"[ \t]+")
_BREAKS: Final = re.compile(r" ?\n[ \n]*")


@dataclass(frozen=True, slots=True)
class SmsText:
    """What one member reads, how it travels and how many segments are paid for."""

    text: str
    encoding: Encoding
    segments: int


@dataclass(frozen=True, slots=True)
class SmsTemplate:
    """A template in one language."""

    language: Language
    body: Template

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> Self:
        """The folder in one language; AuthorError with what its author has to put right."""
        sandbox = environment(Channel.SMS, language, settings.currency)
        source = fill_texts(folder.source(BODY), folder.texts_in(language))
        return cls(language, compile_template(sandbox, source))

    def render(self, context: Mapping[str, object]) -> SmsText:
        """The message of one member, however long it is; TemplateError when a value is missing or nothing is said.

        Whoever sends it refuses what takes more segments than the workspace allows.
        """
        text = tidy(self.body.render(context))
        if not text:
            raise TemplateError(self.body.place_of(0), "the message is empty")
        measured = size(text)
        return SmsText(text, measured.encoding, measured.segments)


def tidy(text: str) -> str:
    """The text as it is sent: signs made plain, single spaces, no empty lines."""
    return _BREAKS.sub("\n", _SPACES.sub(" ", normalised(text))).strip()


def sms_reads(folder: TemplateFolder) -> tuple[Read, ...]:
    """Every use of a value in the folder's message, in all three languages, with its place."""
    return tuple(body_reads(folder, BODY))


def sms_names(folder: TemplateFolder) -> frozenset[str]:
    """The values that the folder's message reads: what a plan has to freeze for it."""
    return frozenset(read.name for read in sms_reads(folder))
