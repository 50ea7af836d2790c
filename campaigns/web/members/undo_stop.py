"""Token of one press on "stop": within minutes it restores what that press ended, and nothing else (C-12)."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from campaigns.core.tokens import InvalidTokenError, Signer
from campaigns.store.runs.linked_message import PlannedMessage

UNDO_LIFETIME: Final = timedelta(minutes=10)
_MAX_LENGTH: Final = 4_000
_PURPOSE: Final = "undo of a stop"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StopPress:
    """Press on "stop" behind a link: the choices that it ended, or had ended before, and its time."""

    choices: tuple[str, ...]
    at: datetime

    def token(self, signer: Signer, message: PlannedMessage) -> str:
        """Return the token that undoes the press, good behind this message's link alone."""
        return f"{self._payload}.{signer.keyed_hash(_PURPOSE, *self._parts(message))}"

    @property
    def _payload(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{'~'.join(self.choices)}"

    def _parts(self, message: PlannedMessage) -> tuple[object, ...]:
        return message.run_number, message.position, self._payload


def read_undo_token(signer: Signer, message: PlannedMessage, token: str, now: datetime) -> StopPress:
    """Return the press of a token; raise InvalidTokenError when it is changed, of another message, or too old."""
    try:
        payload, tag = token.rsplit(".", 1)
        at, names = payload.split(".", 1)
        press = StopPress(tuple(names.split("~")), _EPOCH + int(at) * _MICROSECOND)
    except (ValueError, OverflowError) as error:
        raise InvalidTokenError from error
    expected = signer.keyed_hashes(_PURPOSE, message.run_number, message.position, payload)
    is_ours = [hmac.compare_digest(tag.encode(), tag_of_key.encode()) for tag_of_key in expected]
    if len(token) > _MAX_LENGTH or not any(is_ours) or not timedelta() <= now - press.at < UNDO_LIFETIME:
        raise InvalidTokenError
    return press
