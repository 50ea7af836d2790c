"""Notice writer: codes and confirmations in the member's language and in the layout of other messages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.settings import Settings
from campaigns.rendering.choice_labels import choice_label, is_label_enabled
from campaigns.rendering.email.email_template import EmailBody, EmailTemplate
from campaigns.rendering.sms.gsm7 import sms_size
from campaigns.rendering.sms.sms_template import SmsText, normalise_message
from campaigns.rendering.templates.filters import clock_time, template_filters
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.translations import TranslatedText, read_texts

TEMPLATES_FOLDER: Final = Path(__file__).with_name("notice_templates")
"""Texts and layout of all notices."""

_MAX_SMS_LINES: Final = 4  # of choices in a text message


@dataclass(frozen=True, slots=True)
class NoticeText:
    """Text of one notice in one language; `code` and `link` are empty where there is none."""

    subject: str
    lead: str
    ending: str
    code: str = ""
    lines: tuple[str, ...] = ()
    link: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class NoticeValues:
    """Values known only when a notice is sent: a code formatted for reading, the path of a page, the first name."""

    language: Language
    code: str = ""
    path: str = ""
    name: str = ""


def notice_text(kind: NoticeKind, details: Mapping[str, Any], values: NoticeValues, settings: Settings) -> NoticeText:
    """Return the text of a notice; `details` are those that `runs.notices.enqueue` stored."""
    translate = _Translator(values.language, settings)
    fields = {"code": values.code, "telephone": settings.organisation.telephone, **translate.request(details)}
    greeting = f"{translate('greeting', name=values.name)} " if values.name else ""
    return NoticeText(
        translate(translate.key(f"{kind}_subject", details)),
        greeting + translate(translate.key(f"{kind}_lead", details), **fields),
        translate(f"{kind}_ending", **fields),
        values.code,
        tuple(translate.lines(details)),
        f"{str(settings.public_url).rstrip('/')}{values.path}" if values.path else "",
        translate(f"{kind}_button") if values.path else "",
    )


@dataclass(frozen=True)
class NoticeWriter:
    """Writer of notices for one organisation; compiled templates are cached."""

    settings: Settings
    _templates: dict[Language, EmailTemplate] = field(default_factory=dict, init=False, repr=False)

    def email(self, text: NoticeText, language: Language) -> EmailBody:
        """Return the notice as an e-mail."""
        if language not in self._templates:
            self._templates[language] = EmailTemplate.compile(_folder(), language, self.settings)
        note = {name: getattr(text, name) for name in ("subject", "lead", "ending", "code", "link", "button")}
        settings = self.settings
        return self._templates[language].render(
            {
                "note": {**note, "lines": list(text.lines)},
                "organisation": settings.organisation.template_values(language),
                "brand": settings.brand.template_values(language, str(settings.public_url)),
            }
        )

    def sms(self, text: NoticeText, language: Language) -> SmsText:
        """Return the notice as a text message; lines are left out when there are more than four."""
        lines = text.lines if len(text.lines) <= _MAX_SMS_LINES else ()
        name = self.settings.organisation.name.text(language)
        link = (f"{text.button}: {text.link} .",) if text.link else ()  # the space keeps the full stop out of the link
        message = normalise_message(" ".join((text.lead, *map(_sentence, lines), *link, text.ending, name)))
        measured = sms_size(message)
        return SmsText(message, measured.encoding, measured.segments)


def _sentence(line: str) -> str:
    """Return a line with the full stop that it lacks."""
    return line if line.endswith((".", "!", "?")) else f"{line}."


@dataclass(frozen=True, slots=True)
class _Translator:
    language: Language
    settings: Settings

    def __call__(self, key: str, **values: str) -> str:
        return _words()[key].localised.text(self.language).format_map(values)

    def key(self, key: str, details: Mapping[str, Any]) -> str:
        """Return the key of a text about what a code opens, if there is one for its aim."""
        for_aim = f"{key}_{details.get('aim', '')}"
        return for_aim if for_aim in _words() else key

    def lines(self, details: Mapping[str, Any]) -> Iterator[str]:
        for choice, is_on in details.get("choices", ()):
            yield self(
                "line_on" if is_label_enabled(choice, on=is_on) else "line_off",
                what=choice_label(choice, self.language, self.settings),
            )
        for newsletter in details.get("newsletters", ()):
            yield choice_label(f"newsletter:{newsletter}", self.language, self.settings)
        yield from copy_lines(details.get("copies", {}), self.language, self.settings)
        if "because" in details:
            yield details["because"]

    def request(self, details: Mapping[str, Any]) -> Mapping[str, str]:
        if "request" not in details:
            return {}
        fields = {"request": self(f"request_{details['request']}")}
        if "opens_at" in details:
            moment = datetime.fromisoformat(details["opens_at"]).astimezone(self.settings.zone)
            day = template_filters(self.language, self.settings.currency)["date"](moment.date(), "long")
            return {**fields, "opens": self("moment", day=str(day), hour=clock_time(moment, self.language))}
        if "due" not in details:
            return fields
        return {**fields, "due": self.day(details["due"])}

    def day(self, iso: str) -> str:
        return str(template_filters(self.language, self.settings.currency)["date"](date.fromisoformat(iso)))


def copy_lines(copies: Mapping[str, str], language: Language, settings: Settings) -> list[str]:
    """Return a sentence for each kind of copy that outlives an erasure; `copies` has their last days."""
    translate = _Translator(language, settings)
    return [translate(f"copies_{kind}", day=translate.day(day)) for kind, day in copies.items()]


@lru_cache(maxsize=1)
def _words() -> Mapping[str, TranslatedText]:
    return _texts("words.yaml")


def _texts(file: str) -> Mapping[str, TranslatedText]:
    problems: list[Problem] = []
    texts = read_texts(file, (TEMPLATES_FOLDER / file).read_bytes(), problems)
    if problems:
        raise UserError(problems)
    return texts


def _folder() -> TemplateFolder:
    files = {file.name: file.read_bytes() for file in TEMPLATES_FOLDER.iterdir() if file.name.startswith("body.")}
    return TemplateFolder(Channel.EMAIL, "note", TEMPLATES_FOLDER.name, files, {}, _texts("texts.yaml"), {})
