"""Consent texts in versions; a grant names the version that was shown (C-01, C-13)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from audiences.consent.consent_state import ConsentEntry
from audiences.tables import CONSENT_TEXT_VERSION
from campaigns.core.model.enums import Language

_DIGITS: Final = 20


class UnknownConsentTextError(ValueError):
    """A grant that names a text never offered for this choice in this language."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    """Consent text as a member reads it, for one choice in one language."""

    choice: str
    language: Language
    text: str

    @property
    def version(self) -> str:
        """Return the hash that names this text; a changed text gets another name."""
        content = f"{self.choice}\x1f{self.language.value}\x1f{self.text}"
        return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


def publish_texts(connection: Connection, texts: Iterable[ConsentText], now: datetime) -> int:
    """Store the texts that are not known yet, valid from `now`; return how many were new."""
    by_version = {consent_text.version: consent_text for consent_text in texts}
    known = connection.execute(
        select(CONSENT_TEXT_VERSION.c.version).where(CONSENT_TEXT_VERSION.c.version.in_(list(by_version)))
    ).scalars()
    for version in known:
        del by_version[version]
    if by_version:
        connection.execute(
            insert(CONSENT_TEXT_VERSION), [_row(consent_text, now) for consent_text in by_version.values()]
        )
    return len(by_version)


def require_known_texts(connection: Connection, entries: Iterable[ConsentEntry]) -> None:
    """Raise UnknownConsentTextError unless each opt-in names a text offered for its choice in its language."""
    grants = {(entry.wording, entry.choice, entry.language) for entry in entries if entry.is_opt_in}
    versions = [version for version, _, _ in grants]
    query = select(
        CONSENT_TEXT_VERSION.c.version, CONSENT_TEXT_VERSION.c.choice, CONSENT_TEXT_VERSION.c.language
    ).where(CONSENT_TEXT_VERSION.c.version.in_(versions))
    if grants - {tuple(row) for row in connection.execute(query)}:
        raise UnknownConsentTextError("a grant names no text that was offered for it")


def _row(consent_text: ConsentText, now: datetime) -> dict[str, object]:
    return {
        "version": consent_text.version,
        "choice": consent_text.choice,
        "language": consent_text.language.value,
        "shown": consent_text.text,
        "valid_from": now,
    }
