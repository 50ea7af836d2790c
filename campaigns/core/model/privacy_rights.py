"""Privacy requests of members: their kinds, outcomes and deadlines, and the answers of processors."""

from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Final


class RequestKind(StrEnum):
    """Right under the General Data Protection Regulation that staff must handle (articles 15 to 21)."""

    ACCESS = "access"
    ERASE = "erase"
    RESTRICT = "restrict"
    OBJECT = "object"
    CORRECT = "correct"


class RequestOutcome(StrEnum):
    """Outcome of a closed request; `refused` needs a reason, which is sent to the member (article 12(4))."""

    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ProcessorAnswer(StrEnum):
    """Answer of a processor to the notification of a fulfilled request (article 19).

    `impossible`: the processor cannot do it, or only with disproportionate effort.
    """

    DONE = "done"
    HELD_NOTHING = "held_nothing"
    IMPOSSIBLE = "impossible"


ANSWER_MONTHS: Final = 1
EXTENSION_MONTHS: Final = 2
"""Extension in months for a complex request (article 12(3))."""


def due_date(filed_on: date, months: int = ANSWER_MONTHS) -> date:
    """Return the last day to answer: the same day some months later, or the last day of a shorter month."""
    year, month = divmod(filed_on.year * 12 + filed_on.month - 1 + months, 12)
    return date(year, month + 1, min(filed_on.day, monthrange(year, month + 1)[1]))
