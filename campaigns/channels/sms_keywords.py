"""What a member means who answers a text message, in Finnish, Swedish and English (TW-06, TW-07)."""

import re
from typing import Final

from campaigns.channels.events import EventWord

_STOP: Final = frozenset(
    {
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt-out"),
        *("lopeta", "seis", "peru", "peruuta", "kiellä", "kielto"),
        *("stopp", "avsluta", "sluta", "avbryt", "avbeställ"),
    }
)
_START: Final = frozenset({"start", "yes", "unstop", "aloita", "kyllä", "börja", "starta", "ja"})
_HELP: Final = frozenset({"help", "info", "ohje", "apua", "hjälp"})
_WORD: Final = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")


def meaning_of(text: str) -> EventWord:
    """What a reply says: UNSUBSCRIBED, RESUBSCRIBED, ASKED_HELP or REPLIED.

    A reply that begins with a word for stopping stops, whatever follows ("Stop texting me"): hearing less than
    one wanted is the smaller harm. The other words count only by themselves.
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    if words[:1] and words[0] in _STOP:
        return EventWord.UNSUBSCRIBED
    match words:
        case [word] if word in _START:
            return EventWord.RESUBSCRIBED
        case [word] if word in _HELP:
            return EventWord.ASKED_HELP
        case _:
            return EventWord.REPLIED
