"""Tickets of the desk's pages: random, of one staff session, and encrypted under its secret.

The ledger stores only hashes of session and ticket, and the content as ciphertext: whoever reads the ledger or a backup
learns neither which member was looked up nor what was typed.
"""

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select

from campaigns.store.people.people_tables import DESK_TICKET

TICKET_LIFETIME: Final = timedelta(hours=1)
"""Time after its last form at which a page closes; a session without a form sent ends earlier."""

_MAX_TICKET: Final = 64
_NONCE_BYTES: Final = 12


def open_ticket(connection: Connection, session_secret: str, content: Mapping[str, Any], now: datetime) -> str:
    """Store the content of a page and return its ticket."""
    ticket = secrets.token_urlsafe(18)
    write_ticket(connection, session_secret, ticket, content, now)
    return ticket


def write_ticket(
    connection: Connection, session_secret: str, ticket: str, content: Mapping[str, Any], now: datetime
) -> None:
    """Store or replace the content of a ticket; it then lasts its whole lifetime again. Deletes expired ones."""
    digest = _digest(session_secret, ticket)
    row = {"digest": digest, "ends_at": now + TICKET_LIFETIME, "content": _encrypt(session_secret, digest, content)}
    is_over = (DESK_TICKET.c.ends_at <= now) | (DESK_TICKET.c.digest == digest)
    connection.execute(delete(DESK_TICKET).where(is_over))
    connection.execute(insert(DESK_TICKET).values(**row))


def read_ticket(connection: Connection, session_secret: str, ticket: str, now: datetime) -> Mapping[str, Any] | None:
    """Return the content of a ticket of this session; None when it is unknown, foreign, changed or expired."""
    if not ticket or len(ticket) > _MAX_TICKET:
        return None
    digest = _digest(session_secret, ticket)
    query = select(DESK_TICKET.c.content).where(DESK_TICKET.c.digest == digest, DESK_TICKET.c.ends_at > now)
    content: str | None = connection.execute(query).scalar_one_or_none()
    return None if content is None else _decrypt(session_secret, digest, content)


def _digest(session_secret: str, ticket: str) -> str:
    return hashlib.sha256(f"{session_secret}\x1f{ticket}".encode()).hexdigest()


def _cipher(session_secret: str) -> AESGCM:
    """Return the cipher of a session. Its secret has 256 random bits, and the ledger stores another hash of it."""
    return AESGCM(hashlib.sha256(f"desk ticket\x1f{session_secret}".encode()).digest())


def _encrypt(session_secret: str, digest: str, content: Mapping[str, Any]) -> str:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    text = json.dumps(content, ensure_ascii=False).encode()
    return b64encode(nonce + _cipher(session_secret).encrypt(nonce, text, digest.encode())).decode()


def _decrypt(session_secret: str, digest: str, content: str) -> Mapping[str, Any] | None:
    sealed = b64decode(content)
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        plain = _cipher(session_secret).decrypt(nonce, text, digest.encode())
    except InvalidTag:  # somebody wrote into the ledger
        return None
    decoded: Mapping[str, Any] = json.loads(plain)
    return decoded
