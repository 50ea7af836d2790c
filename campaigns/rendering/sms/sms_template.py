"""Text message template in one language: compiled once, rendered for each member, segments counted before sending."""

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
    """Rendered text message, its encoding and its segments to pay for."""

    text: str
    encoding: Encoding
    segments: int


@dataclass(frozen=True, slots=True)
class SmsTemplate:
    """Compiled text message template in one language."""

    language: Language
    body: Template

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> Self:
        """Compile the folder in one language; UserError with every problem."""
        sandbox = environment(Channel.SMS, language, settings.currency)
        source = fill_texts(folder.source(BODY), folder.texts_in(language))
        return cls(language, compile_template(sandbox, source))

    def render(self, context: Mapping[str, object]) -> SmsText:
        """Return the message of one member, of any length; TemplateError when a value is missing or the text is empty.

        The caller refuses messages with more segments than the workspace allows.
        """
        text = tidy(self.body.render(context))
        if not text:
            raise TemplateError(self.body.place_of(0), "the message is empty")
        measured = size(text)
        return SmsText(text, measured.encoding, measured.segments)


def tidy(text: str) -> str:
    """Return the text as it is sent: plain signs, single spaces, no empty lines."""
    return _BREAKS.sub("\n", _SPACES.sub(" ", normalised(text))).strip()


def sms_reads(folder: TemplateFolder) -> tuple[Read, ...]:
    """Return every use of a value in the folder's message, in all three languages, with its position."""
    return tuple(body_reads(folder, BODY))


def sms_names(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's message reads, which a plan has to freeze."""
    return frozenset(read.name for read in sms_reads(folder))
