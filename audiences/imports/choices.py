"""Import of choices: entries for the append-only record, in any order, repeated or not."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from audiences.consent.choices import record_choices
from audiences.consent.consent_state import UNVERIFIED, ConsentEntry, ConsentSource
from audiences.imports.cell_types import CellType, one_of_type, text_type, timestamp_type
from audiences.imports.file_kind import FileKind, ImportJob, invalid_id_check, missing_value_checks
from audiences.imports.staging import VALID_TABLE, CellCleaning
from campaigns.core.clock import from_warehouse_time
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Language

_REQUIRED: Final[Mapping[str, CellCleaning]] = dict.fromkeys(
    ("member_id", "choice", "state", "at", "source"), CellCleaning.WORDS
)
_OPTIONAL: Final[Mapping[str, CellCleaning]] = dict.fromkeys(("wording", "language", "agent"), CellCleaning.WORDS)
_IN_TRANSACTION: Final = 1000


def _store(job: ImportJob) -> int:
    newsletters = tuple(NEWSLETTER_PREFIX + newsletter for newsletter in job.settings.newsletters)
    cell_types: list[CellType] = [
        text_type("member_id"),
        one_of_type("choice", (*newsletters, *Choice)),
        one_of_type("state", ("on", "off")),
        timestamp_type("at"),
        one_of_type("source", tuple(ConsentSource)),
        text_type("wording"),
        one_of_type("language", tuple(Language)),
        text_type("agent"),
    ]
    checks = [
        *missing_value_checks(list(_REQUIRED)),
        invalid_id_check("member_id"),
        job.erased_member_check(),
        job.future_time_check("at"),
    ]
    job.staging.validate(cell_types, checks)
    new = 0
    for rows in job.staging.rows(
        f"SELECT * EXCLUDE (line) FROM {VALID_TABLE} ORDER BY member_id, line", _IN_TRANSACTION
    ):
        entries = [_entry(row) for row in rows]
        with job.ledger.write() as connection:
            new += record_choices(connection, entries)
    return new


def _entry(row: Sequence[Any]) -> ConsentEntry:
    member_id, choice, state, at, source, wording, language, agent = row
    return ConsentEntry(
        member_id,
        choice,
        state == "on",
        from_warehouse_time(at),
        ConsentSource(source),
        wording or UNVERIFIED,
        language,
        agent,
    )


CHOICES: Final = FileKind(_REQUIRED, _store, lambda _: _OPTIONAL, {"member_id": "members"})
