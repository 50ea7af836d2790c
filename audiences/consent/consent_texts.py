"""Consent texts in versions; a grant names the version that was shown (C-01, C-13)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from audiences.consent.consent_state import Entry
from audiences.tables import WORDING
from campaigns.core.model.enums import Language

_DIGITS: Final = 20


class UnknownWording(ValueError):  # noqa: N818 - said as what it is
    """A grant that names a text never offered for this choice in this language."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Consent text as a member reads it, for one choice in one language."""

    choice: str
    language: Language
    shown: str

    @property
    def version(self) -> str:
        """Return the hash that names this text; a changed text gets another name."""
        content = f"{self.choice}\x1f{self.language.value}\x1f{self.shown}"
        return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


def publish(connection: Connection, texts: Iterable[Offered], now: datetime) -> int:
    """Store the texts that are not known yet, valid from `now`; return how many were new."""
    by_version = {consent_text.version: consent_text for consent_text in texts}
    known = connection.execute(select(WORDING.c.version).where(WORDING.c.version.in_(list(by_version)))).scalars()
    for version in known:
        del by_version[version]
    if by_version:
        connection.execute(insert(WORDING), [_row(consent_text, now) for consent_text in by_version.values()])
    return len(by_version)


def demand_known(connection: Connection, entries: Iterable[Entry]) -> None:
    """Raise UnknownConsentTextError unless each opt-in names a text offered for its choice in its language."""
    grants = {(entry.wording, entry.choice, entry.language) for entry in entries if entry.opens}
    versions = [version for version, _, _ in grants]
    query = select(WORDING.c.version, WORDING.c.choice, WORDING.c.language).where(WORDING.c.version.in_(versions))
    if grants - {tuple(row) for row in connection.execute(query)}:
        raise UnknownWording("a grant names no text that was offered for it")


def _row(consent_text: Offered, now: datetime) -> dict[str, object]:
    return {
        "version": consent_text.version,
        "choice": consent_text.choice,
        "language": consent_text.language.value,
        "shown": consent_text.shown,
        "valid_from": now,
    }
