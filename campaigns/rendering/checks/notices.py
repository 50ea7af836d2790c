"""Whether every note can be written in every language with a workspace's settings; see `notes`."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from campaigns.core.errors import AuthorError, Place, Problem
from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.notice_kinds import NoteKind
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.settings import Settings
from campaigns.rendering.notice_writer import FOLDER, NoteWriter, Told, as_said
from campaigns.rendering.templates.sandbox import TemplateError

_DUE: Final = "2018-02-01"


def digest() -> str:
    """What all templates and words of notes come to."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(FOLDER.iterdir()))).hexdigest()


def problems(settings: Settings) -> Iterator[Problem]:
    """What keeps a note from being written, by e-mail or SMS."""
    for language in Language:
        writer = NoteWriter(settings)
        for kind, about in samples(settings):
            told = Told(language, "1234 5678", "/me" if kind in (NoteKind.SIGN_UP, NoteKind.KNOWN) else "", "Aino")
            try:
                said = as_said(kind, about, told, settings)
                writer.email(said, language)
                writer.sms(said, language)
            except AuthorError as error:
                yield from error.problems
            except TemplateError as error:
                yield Problem(error.place, error.reason, "note_template")
            except KeyError as error:
                yield Problem(
                    Place(str(FOLDER / "words.yaml")), f"{kind}, {language}: {error} is missing", "note_words"
                )


def samples(settings: Settings) -> Iterator[tuple[NoteKind, Mapping[str, Any]]]:
    """What notes of each kind may be about."""
    choices = [*(choice.value for choice in Choice), *(f"newsletter:{name}" for name in settings.newsletters)]
    answered = {"due": _DUE, "because": "Arkisto {1/2} <haetaan>"}
    yield NoteKind.CODE, {}
    yield NoteKind.CHOICES, {"choices": [[choice, is_on] for choice in choices for is_on in (True, False)]}
    yield NoteKind.ADDRESS, {}
    yield NoteKind.SIGN_UP, {"newsletters": list(settings.newsletters), "sign_up": 1}
    yield NoteKind.KNOWN, {}
    yield NoteKind.ERASED, {}
    for right in RequestKind:
        yield NoteKind.REQUEST, {"request": right.value, "due": _DUE}
        yield NoteKind.PUT_OFF, {"request": right.value, **answered}
        yield NoteKind.DONE, {"request": right.value}
        yield NoteKind.REFUSED, {"request": right.value, "because": answered["because"]}
