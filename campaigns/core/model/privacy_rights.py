"""What a member may ask for by right, how it may end, how long it may take, and what processors say of it."""

from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Final


class RequestKind(StrEnum):
    """The rights of the General Data Protection Regulation that need somebody's work (articles 15 to 21)."""

    ACCESS = "access"
    ERASE = "erase"
    RESTRICT = "restrict"
    OBJECT = "object"
    CORRECT = "correct"


class Ending(StrEnum):
    """How a request was closed: `refused` needs a reason, which the member is told (article 12(4))."""

    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Answer(StrEnum):
    """What a processor said when it was told of a right that was carried out (article 19).

    `impossible`: it cannot be done there, or only with an effort out of all proportion.
    """

    DONE = "done"
    HELD_NOTHING = "held_nothing"
    IMPOSSIBLE = "impossible"


MONTHS: Final = 1
MONTHS_PUT_OFF: Final = 2
"""Further months, for a request that is not simple (article 12(3))."""


def due(filed_on: date, months: int = MONTHS) -> date:
    """The last day to answer: the same day some months later, or the last of a shorter month."""
    year, month = divmod(filed_on.year * 12 + filed_on.month - 1 + months, 12)
    return date(year, month + 1, min(filed_on.day, monthrange(year, month + 1)[1]))
