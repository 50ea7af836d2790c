"""Reader of completed call lists: answered rows, each verified.

The file is untrusted. An invalid row is reported and does not affect other rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audiences.imports.table_reader import open_reader
from campaigns.channels.call_dispositions import DISPOSITION_WORDS, parse_disposition
from campaigns.channels.events import EventKind
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.tokens import InvalidTokenError, Signer
from campaigns.store.runs.delivery_events import DeliveryKey

_COLUMNS: Final = ("number", "reference", "answer")
_MAX_SIZE: Final = 32 * 1024 * 1024
_KNOWN_ANSWERS: Final = "one of " + ", ".join(f"`{words[0]}`" for words in DISPOSITION_WORDS.values())


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """Answered row: position in the file, named delivery, answer, and the number as written."""

    position: FilePosition
    delivery_key: DeliveryKey
    word: EventKind
    number: str

    @property
    def key(self) -> str:
        """Return the key of the answer, which makes repeated imports idempotent."""
        return f"{self.delivery_key[0]}:{self.delivery_key[1]}:{self.word}"


def read_call_answers(signer: Signer, path: Path, problems: list[Problem]) -> Iterator[CallAnswer]:
    """Yield the answered rows, each call once; other rows are added to `problems`.

    Raises UserError when the file is no call list.
    """
    answers: dict[DeliveryKey, EventKind] = {}
    for line, number, reference, answer in _rows(path, problems):
        at, word = FilePosition(str(path), line, 1), parse_disposition(answer)
        if word is None:
            problems.append(Problem(at, "this answer is not one that is known here", "unknown_answer", _KNOWN_ANSWERS))
            continue
        try:
            delivery = signer.read_delivery_reference(reference)
        except InvalidTokenError:
            problems.append(unknown_reference(at))
            continue
        place = (delivery.run_number, delivery.position)
        if place not in answers:
            answers[place] = word
            yield CallAnswer(at, place, word, number)
        elif answers[place] is not word:
            message = "this call has another answer further up"
            problems.append(Problem(at, message, "two_answers", "leave the one that holds"))


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, number, reference and answer of each answered row."""
    if path.is_file() and path.stat().st_size > _MAX_SIZE:
        raise UserError.about(str(path), "the file is larger than any call list", "too_large", "is it the right one?")
    reader = open_reader(path)
    missing = [name for name in _COLUMNS if reader.header.count(name) != 1]
    if missing:
        hint = "read the `calls.csv` that was handed over, with its columns as they were"
        at = FilePosition(str(path), 1, 1)
        raise UserError(
            [Problem(at, f"the column `{name}` has to be there once", "missing_column", hint) for name in missing]
        )
    for chunk in reader.chunks(lambda _done, _whole: None):
        problems += [
            Problem(FilePosition(str(path), invalid.line, 1), invalid.reason, "no_row")
            for invalid in chunk.invalid_lines
        ]
        columns = [chunk.rows.column(name).to_pylist() for name in ("line", *_COLUMNS)]
        for line, number, reference, answer in zip(*columns, strict=True):
            if (answer or "").strip():
                yield line, (number or "").strip(), (reference or "").strip(), answer


def unknown_reference(at: FilePosition) -> Problem:
    """Return the problem of a row that names no call of ours."""
    message = "no call that was handed over has this reference"
    return Problem(at, message, "unknown_reference", "leave the column `reference` as it was written")
