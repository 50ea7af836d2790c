"""The texts under which choices are offered, in versions; a grant names the one that was shown (C-01, C-13)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from audiences.stance import Entry
from audiences.tables import WORDING
from campaigns.spec.words import Language

_DIGITS: Final = 20


class UnknownWording(ValueError):  # noqa: N818 - said as what it is
    """A grant names a text that was never offered for this choice in this language."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One text as a member reads it, for one choice in one language."""

    choice: str
    language: Language
    shown: str

    @property
    def version(self) -> str:
        """The name of this very text: another text, another name."""
        content = f"{self.choice}\x1f{self.language.value}\x1f{self.shown}"
        return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


def publish(connection: Connection, offered: Iterable[Offered], now: datetime) -> int:
    """Keep the texts that are not known yet, valid from `now`; returns how many were new."""
    by_version = {each.version: each for each in offered}
    known = connection.execute(select(WORDING.c.version).where(WORDING.c.version.in_(list(by_version)))).scalars()
    for version in known:
        del by_version[version]
    if by_version:
        connection.execute(insert(WORDING), [_row(each, now) for each in by_version.values()])
    return len(by_version)


def demand_known(connection: Connection, entries: Iterable[Entry]) -> None:
    """UnknownWording unless every entry that opens a choice names a text that was offered for it in its language."""
    grants = {(entry.wording, entry.choice, entry.language) for entry in entries if entry.opens}
    versions = [version for version, _, _ in grants]
    query = select(WORDING.c.version, WORDING.c.choice, WORDING.c.language).where(WORDING.c.version.in_(versions))
    if grants - {tuple(row) for row in connection.execute(query)}:
        raise UnknownWording("a grant names no text that was offered for it")


def _row(offered: Offered, now: datetime) -> dict[str, object]:
    return {
        "version": offered.version,
        "choice": offered.choice,
        "language": offered.language.value,
        "shown": offered.shown,
        "valid_from": now,
    }
