"""Text message template in one language: compiled once, rendered for each member, segments counted before sending."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.rendering.sms.gsm7 import SmsEncoding, normalise, sms_size
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import (
    CompiledTemplate,
    TemplateError,
    compile_template,
    insert_texts,
    sandbox_for,
)
from campaigns.rendering.templates.text_variables import body_variable_uses
from campaigns.rendering.templates.variables import VariableUse

SMS_FILE: Final = "body.txt"
_SPACES: Final = re.compile(r"[ \t]+")
_BREAKS: Final = re.compile(r" ?\n[ \n]*")


@dataclass(frozen=True, slots=True)
class SmsText:
    """Rendered text message, its encoding and its segments to pay for."""

    text: str
    encoding: SmsEncoding
    segments: int


@dataclass(frozen=True, slots=True)
class SmsTemplate:
    """Compiled text message template in one language."""

    language: Language
    body: CompiledTemplate

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> Self:
        """Compile the folder in one language; UserError with every problem."""
        sandbox = sandbox_for(Channel.SMS, language, settings.currency)
        source = insert_texts(folder.source(SMS_FILE), folder.texts_in(language))
        return cls(language, compile_template(sandbox, source))

    def render(self, context: Mapping[str, object]) -> SmsText:
        """Return the message of one member, of any length; TemplateError when a value is missing or the text is empty.

        The caller refuses messages with more segments than the workspace allows.
        """
        text = normalise_message(self.body.render(context))
        if not text:
            raise TemplateError(self.body.place_of(0), "the message is empty")
        measured = sms_size(text)
        return SmsText(text, measured.encoding, measured.segments)


def normalise_message(text: str) -> str:
    """Return the text as it is sent: plain signs, single spaces, no empty lines."""
    return _BREAKS.sub("\n", _SPACES.sub(" ", normalise(text))).strip()


def sms_variable_uses(folder: TemplateFolder) -> tuple[VariableUse, ...]:
    """Return every use of a value in the folder's message, in all three languages, with its position."""
    return tuple(body_variable_uses(folder, SMS_FILE))


def sms_variables(folder: TemplateFolder) -> frozenset[str]:
    """Return the names of the values that the folder's message reads, which a plan has to freeze."""
    return frozenset(read.name for read in sms_variable_uses(folder))
