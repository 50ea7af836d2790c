"""What those who call write into the column `answer` of a call list, in three languages, in our words."""

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
"""What each answer is called in English, Finnish and Swedish."""

_MEANS: Final = {word: meaning for meaning, words in WORDS.items() for word in words}


def meaning(answer: str) -> EventWord | None:
    """What an answer means, however it is spaced and capitalised; None for a word of their own."""
    return _MEANS.get(" ".join(answer.casefold().replace("_", " ").split()))
