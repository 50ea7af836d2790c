"""The file of a call list that callers filled in: rows with an answer, each checked for what it claims to be.

It is anybody's file until then. A row that is wrong is named, and costs no other row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audiences.imports.table_reader import open_sheet
from campaigns.channels.call_dispositions import WORDS, meaning
from campaigns.channels.events import EventWord
from campaigns.core.errors import AuthorError, Problem
from campaigns.core.errors import Place as Position
from campaigns.core.tokens import BadToken, Signer
from campaigns.store.runs.delivery_events import Place

_COLUMNS: Final = ("number", "reference", "answer")
_LARGEST: Final = 32 * 1024 * 1024
_KNOWN: Final = "one of " + ", ".join(f"`{words[0]}`" for words in WORDS.values())


@dataclass(frozen=True, slots=True)
class Answered:
    """One answered row: where it stands, which delivery it names, and the number as somebody wrote it."""

    at: Position
    place: Place
    word: EventWord
    number: str

    @property
    def key(self) -> str:
        """What makes the same answer about the same call one, however often it is read."""
        return f"{self.place[0]}:{self.place[1]}:{self.word}"


def answered_calls(signer: Signer, path: Path, problems: list[Problem]) -> Iterator[Answered]:
    """The answered rows, each call once; what is wrong with others is put to `problems`. AuthorError: no call list."""
    answered: dict[Place, EventWord] = {}
    for line, number, reference, answer in _rows(path, problems):
        at, word = Position(str(path), line, 1), meaning(answer)
        if word is None:
            problems.append(Problem(at, "this answer is not one that is known here", "unknown_answer", _KNOWN))
            continue
        try:
            named = signer.delivery_named(reference)
        except BadToken:
            problems.append(stranger(at))
            continue
        place = (named.run_number, named.position)
        if place not in answered:
            answered[place] = word
            yield Answered(at, place, word, number)
        elif answered[place] is not word:
            message = "this call has another answer further up"
            problems.append(Problem(at, message, "two_answers", "leave the one that holds"))


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, str, str, str]]:
    """Line, number, reference and answer of each row that has an answer."""
    if path.is_file() and path.stat().st_size > _LARGEST:
        raise AuthorError.about(str(path), "the file is larger than any call list", "too_large", "is it the right one?")
    sheet = open_sheet(path)
    missing = [name for name in _COLUMNS if sheet.header.count(name) != 1]
    if missing:
        hint = "read the `calls.csv` that was handed over, with its columns as they were"
        at = Position(str(path), 1, 1)
        raise AuthorError(
            [Problem(at, f"the column `{name}` has to be there once", "missing_column", hint) for name in missing]
        )
    for piece in sheet.pieces(lambda _done, _whole: None):
        problems += [Problem(Position(str(path), each.line, 1), each.reason, "no_row") for each in piece.misfits]
        columns = [piece.rows.column(name).to_pylist() for name in ("line", *_COLUMNS)]
        for line, number, reference, answer in zip(*columns, strict=True):
            if (answer or "").strip():
                yield line, (number or "").strip(), (reference or "").strip(), answer


def stranger(at: Position) -> Problem:
    """What is wrong with a row that names no call of ours."""
    message = "no call that was handed over has this reference"
    return Problem(at, message, "unknown_reference", "leave the column `reference` as it was written")
