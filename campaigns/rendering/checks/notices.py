"""Check that every notice renders in every language with a workspace's settings; see `notice_writer`."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.settings import Settings
from campaigns.rendering.notice_writer import TEMPLATES_FOLDER, NoticeValues, NoticeWriter, notice_text
from campaigns.rendering.templates.sandbox import TemplateError

_DUE: Final = "2018-02-01"
_OPENS: Final = "2018-02-01T10:00:00+00:00"
_LINKED: Final = (NoticeKind.SIGN_UP, NoticeKind.KNOWN, NoticeKind.PROOF, NoticeKind.ADDRESS, NoticeKind.HELD)


def notice_templates_digest() -> str:
    """Return a SHA-256 of all templates and texts of notices."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(TEMPLATES_FOLDER.iterdir()))).hexdigest()


def notice_problems(settings: Settings) -> Iterator[Problem]:
    """Yield every problem that keeps a notice from being rendered as e-mail or SMS."""
    for language in Language:
        writer = NoticeWriter(settings)
        for kind, details in sample_notices(settings):
            values = NoticeValues(language, "1234 5678", "/me" if kind in _LINKED else "", "Aino")
            try:
                text = notice_text(kind, details, values, settings)
                writer.email(text, language)
                writer.sms(text, language)
            except UserError as error:
                yield from error.problems
            except TemplateError as error:
                yield Problem(error.place, error.reason, "note_template")
            except KeyError as error:
                yield Problem(
                    FilePosition(str(TEMPLATES_FOLDER / "words.yaml")),
                    f"{kind}, {language}: {error} is missing",
                    "note_words",
                )


def sample_notices(settings: Settings) -> Iterator[tuple[NoticeKind, Mapping[str, Any]]]:
    """Yield sample details for every kind of notice."""
    choices = [*(choice.value for choice in Choice), *(f"newsletter:{name}" for name in settings.newsletters)]
    answer = {"due": _DUE, "because": "Arkisto {1/2} <haetaan>"}
    yield NoticeKind.CODE, {}
    yield NoticeKind.CHOICES, {"choices": [[choice, is_on] for choice in choices for is_on in (True, False)]}
    yield NoticeKind.ADDRESS, {}
    yield NoticeKind.SIGN_UP, {"newsletters": list(settings.newsletters), "sign_up": 1}
    yield NoticeKind.KNOWN, {}
    yield NoticeKind.ERASED, {}
    yield NoticeKind.PROOF, {"change": 1, "nonce": 1}
    yield NoticeKind.CALLER, {"check": 1, "nonce": 1}
    for held in (RequestKind.ACCESS, RequestKind.ERASE):
        yield NoticeKind.HELD, {"request": held.value, "opens_at": _OPENS}
    for right in RequestKind:
        yield NoticeKind.REQUEST, {"request": right.value, "due": _DUE}
        yield NoticeKind.PUT_OFF, {"request": right.value, **answer}
        yield NoticeKind.DONE, {"request": right.value}
        yield NoticeKind.REFUSED, {"request": right.value, "because": answer["because"]}
