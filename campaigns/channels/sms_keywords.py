"""STOP, START and HELP keywords in replies to text messages, in Finnish, Swedish and English (TW-06, TW-07)."""

import re
from typing import Final

from campaigns.channels.events import EventKind

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


def classify_reply(text: str) -> EventKind:
    """Return the event kind of a reply: UNSUBSCRIBED, RESUBSCRIBED, ASKED_HELP or REPLIED.

    A reply that begins with a STOP keyword is an opt-out, even when more follows ("Stop texting me"): getting fewer
    messages than wanted is the smaller harm. The other keywords count only when they are the whole reply.
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    if words[:1] and words[0] in _STOP:
        return EventKind.UNSUBSCRIBED
    match words:
        case [word] if word in _START:
            return EventKind.RESUBSCRIBED
        case [word] if word in _HELP:
            return EventKind.ASKED_HELP
        case _:
            return EventKind.REPLIED
