"""Call dispositions: the words for the column `answer` of a call list, in three languages, and their event kinds."""

from collections.abc import Mapping
from typing import Final

from campaigns.channels.events import EventWord

WORDS: Final[Mapping[EventWord, tuple[str, ...]]] = {
    EventWord.REACHED: ("reached", "tavoitettu", "nådd"),
    EventWord.NOT_REACHED: ("no answer", "ei vastannut", "inget svar"),
    EventWord.CALL_LATER: ("call later", "soita myöhemmin", "ring senare"),
    EventWord.NO_MORE_CALLS: ("do not call", "ei soittoja", "ring inte"),
    EventWord.WRONG_NUMBER: ("wrong number", "väärä numero", "fel nummer"),
}
"""The word for each disposition in English, Finnish and Swedish."""

_DISPOSITIONS: Final = {word: disposition for disposition, words in WORDS.items() for word in words}


def meaning(answer: str) -> EventWord | None:
    """Return the event kind of an answer, whatever its spaces and capitals; None for an unknown word."""
    return _DISPOSITIONS.get(" ".join(answer.casefold().replace("_", " ").split()))
