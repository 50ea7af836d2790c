"""Call dispositions: the words for the column `answer` of a call list, in three languages, and their event kinds."""

from collections.abc import Mapping
from typing import Final

from campaigns.channels.events import EventKind

DISPOSITION_WORDS: Final[Mapping[EventKind, tuple[str, ...]]] = {
    EventKind.REACHED: ("reached", "tavoitettu", "nådd"),
    EventKind.NOT_REACHED: ("no answer", "ei vastannut", "inget svar"),
    EventKind.CALL_LATER: ("call later", "soita myöhemmin", "ring senare"),
    EventKind.NO_MORE_CALLS: ("do not call", "ei soittoja", "ring inte"),
    EventKind.WRONG_NUMBER: ("wrong number", "väärä numero", "fel nummer"),
}
"""The word for each disposition in English, Finnish and Swedish."""

_DISPOSITIONS: Final = {word: disposition for disposition, words in DISPOSITION_WORDS.items() for word in words}


def parse_disposition(answer: str) -> EventKind | None:
    """Return the event kind of an answer, whatever its spaces and capitals; None for an unknown word."""
    return _DISPOSITIONS.get(" ".join(answer.casefold().replace("_", " ").split()))
