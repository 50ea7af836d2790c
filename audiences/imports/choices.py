"""Import of choices: entries for the append-only record, in any order, repeated or not."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from audiences.consent.choices import record
from audiences.consent.consent_state import UNVERIFIED, Entry, Source
from audiences.imports.cell_types import Reading, one_of, plain, timestamp
from audiences.imports.file_kind import Job, Kind, missing, unusable_id
from audiences.imports.staging import GOOD, Cell
from campaigns.core.clock import instant_of
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Language

_REQUIRED: Final[Mapping[str, Cell]] = dict.fromkeys(("member_id", "choice", "state", "at", "source"), Cell.WORDS)
_OPTIONAL: Final[Mapping[str, Cell]] = dict.fromkeys(("wording", "language", "agent"), Cell.WORDS)
_IN_TRANSACTION: Final = 1000


def _store(job: Job) -> int:
    newsletters = tuple(NEWSLETTER_PREFIX + newsletter for newsletter in job.settings.newsletters)
    readings: list[Reading] = [
        plain("member_id"),
        one_of("choice", (*newsletters, *Choice)),
        one_of("state", ("on", "off")),
        timestamp("at"),
        one_of("source", tuple(Source)),
        plain("wording"),
        one_of("language", tuple(Language)),
        plain("agent"),
    ]
    checks = [*missing(list(_REQUIRED)), unusable_id("member_id"), job.erased(), job.future("at")]
    job.staging.accept(readings, checks)
    new = 0
    for rows in job.staging.rows(f"SELECT * EXCLUDE (line) FROM {GOOD} ORDER BY member_id, line", _IN_TRANSACTION):
        entries = [_entry(row) for row in rows]
        with job.ledger.write() as connection:
            new += record(connection, entries)
    return new


def _entry(row: Sequence[Any]) -> Entry:
    member_id, choice, state, at, source, wording, language, agent = row
    return Entry(
        member_id, choice, state == "on", instant_of(at), Source(source), wording or UNVERIFIED, language, agent
    )


CHOICES: Final = Kind(_REQUIRED, _store, lambda _: _OPTIONAL)
