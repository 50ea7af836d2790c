"""What became of a message, for those who watch a process: counted, and logged by ids where it did not simply go."""

import logging
from typing import Final

from campaigns import meters
from campaigns.channels.claimed import Claimed
from campaigns.channels.outcome import Accepted, Outcome, Refused, TryLater, Unknown

_LOG: Final = logging.getLogger("viesti.delivery")
_WORDS: Final[dict[type[Outcome], str]] = {
    Accepted: "accepted",
    Refused: "refused",
    TryLater: "later",
    Unknown: "uncertain",
}


def notice(claimed: Claimed, provider: str, outcome: Outcome) -> None:
    """Count an outcome; one that is not acceptance is logged with the run, the delivery's name and its attempt."""
    word = _WORDS[type(outcome)]
    meters.answered(claimed.channel, provider, word)
    if isinstance(outcome, Accepted):
        return
    ids = {"run": claimed.run, "delivery": claimed.opaque_id, "attempt": claimed.attempt, "outcome": word}
    level = logging.WARNING if isinstance(outcome, Unknown) else logging.INFO
    _LOG.log(level, "%s: delivery %s, attempt %s: %s", claimed.run, claimed.opaque_id, claimed.attempt, word, extra=ids)
