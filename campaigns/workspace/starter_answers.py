"""Answers about a new workspace: each checked as its file will be, and what becomes of them in the files."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from campaigns.core.errors import closest_match
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import FormatError
from campaigns.core.model.placeholder import PLACEHOLDER
from campaigns.core.model.postal_code_forms import normalise_postal_code, postal_code_example, postal_code_rule
from campaigns.core.model.settings import EmailSettings, Settings
from campaigns.workspace.starter_questions import Answers

_PLAIN: Final = re.compile(r"(?!(?i:true|false|null)$)[A-Za-zÀ-ÿ](?:[\w ./@-]|:(?=\S))*(?<! )")


def _field(model: Any, name: str) -> Callable[[str], Any]:
    """Return the check that a field of a model makes."""
    return TypeAdapter(model.model_fields[name].rebuild_annotation()).validate_python


def _check_languages(text: str) -> tuple[Language, ...]:
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if name not in set(Language):
            raise FormatError(
                "languages are `fi`, `sv` and `en`, with commas between them", closest_match(name, Language)
            )
    return tuple(dict.fromkeys(Language(name) for name in names))


def _check_text(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise FormatError("a text of one line", "`Osuuskauppa Meri`")
    return text.strip()


def _check_postal_code(text: str, country: str) -> str:
    code = normalise_postal_code(text, country)
    if code is None and text != PLACEHOLDER:
        message = f"a postal code of {country} is {postal_code_rule(country)}"
        raise FormatError(message, f"`{postal_code_example(country)}`")
    return code or text


def _check_url(text: str) -> str:
    if not re.match("https?://", text.strip()):
        raise FormatError("an address of pages begins with https://", f"`https://{text.strip() or 'example.org'}`")
    return str(_field(Settings, "public_url")(text.strip()))


_CHECKS: Final[Mapping[str, Callable[[str], Any]]] = {
    "languages": _check_languages,
    **{name: _field(Settings, name) for name in ("country", "currency", "time_zone")},
    "public_url": _check_url,
    "email": _field(EmailSettings, "address"),
}
"""Checks of answers by the key of their question; the others are texts of one line."""


def check_answer(key: str, answer: str, earlier: Answers) -> str:
    """Return the answer to the question `key` without odd spaces; raise FormatError when it cannot be right.

    `earlier` are the answers to the questions before it: the country says what a postal code is.
    """
    if key == "postal_code":
        return _check_postal_code(answer.strip(), earlier["country"])
    try:
        checked = _CHECKS.get(key, _check_text)(answer)
    except ValidationError as error:
        cause = error.errors()[0]
        known = cause.get("ctx", {}).get("error")
        if isinstance(known, FormatError):
            raise known from error
        raise FormatError(str(cause["msg"]), "") from error
    if key == "languages":
        return ",".join(checked)
    return str(checked) if key == "email" else answer.strip()


def starter_values(answers: Answers, today: date) -> Mapping[str, str]:
    """Return what stands for each `$name` in the starter's files: YAML values, dates, and the bare `base` address."""
    languages = _check_languages(answers["languages"])
    domain = answers["email"].rpartition("@")[2]
    monday = today - timedelta(days=today.weekday())
    texts = {
        **answers,
        "default_language": languages[0].value,
        "address": answers["email"],
        "unsubscribe": f"unsubscribe@{domain}",
        "internal_domain": f"@{domain}",
        "sms_sender": _sms_sender(answers["name"]),
    }
    return {
        **{key: _yaml_text(text) for key, text in texts.items()},
        "base": answers["public_url"].rstrip("/"),
        "today": today.isoformat(),
        "monday": monday.isoformat(),
        "sunday": (monday + timedelta(days=6)).isoformat(),
    }


def _yaml_text(text: str) -> str:
    """Return a text as YAML, quoted unless it can be nothing else."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _sms_sender(name: str) -> str:
    """Return a sender of 3 to 11 ASCII letters and digits: the last words of the name that fit, or `Viesti`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[0-9A-Za-z]+", plain)
    sender = ""
    for word in reversed(words):
        longer = f"{word} {sender}".strip()
        if len(longer) > 11:
            break
        sender = longer
    return sender if len(sender) >= 3 else "Viesti"
