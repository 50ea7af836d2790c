"""Merges that can be undone: the rows of both ids before, and the keys of what was moved, for 30 days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, DateTime, Row, Table, delete, insert, select, update

from audiences.access import one_time_codes, sessions
from audiences.consent import choices
from audiences.consent.consent_state import ConsentSource
from audiences.identity_tables import CONTACT_CHANGE, MERGE_RECORD
from audiences.people import contacts
from audiences.people.contact_changes import ChangeOrigin
from audiences.people.contacts import contact_of
from audiences.tables import (
    CHOICE_ENTRY,
    CONTACT,
    FORMER_HOLDOUT_UNIT,
    HOLDOUT_UNIT,
    SELF_SERVICE_CHANGE,
    SIGN_UP,
)
from campaigns.core.errors import UserError

UNDO_PERIOD: Final = timedelta(days=30)
_KEPT_ROWS: Final = (
    CONTACT,
    CHOICE_ENTRY,
    HOLDOUT_UNIT,
    FORMER_HOLDOUT_UNIT,
    SELF_SERVICE_CHANGE,
    CONTACT_CHANGE,
    SIGN_UP,
)
_RESTORED: Final = (CONTACT, FORMER_HOLDOUT_UNIT, SELF_SERVICE_CHANGE, SIGN_UP)
_NUMBERED: Final = {"contact_change": "number", "sign_up": "number", "choice_entry": "seq"}


def open_record(
    connection: Connection, merged_id: str, into: str, moved: Mapping[str, Any], agreed: Sequence[str], now: datetime
) -> int:
    """Store what a merge is about to move in the warehouse; return the number.

    After a crash, the record of the first attempt is kept and extended: the rows may be moved already.
    """
    unfinished = (
        MERGE_RECORD.c.merged_id == merged_id,
        MERGE_RECORD.c.into_id == into,
        MERGE_RECORD.c.merged_at.is_(None),
    )
    row = connection.execute(select(MERGE_RECORD).where(*unfinished)).first()
    if row is not None:
        earlier: Mapping[str, Any] = row.moved
        joined = {
            "profile": moved["profile"] or earlier["profile"],
            "baskets": sorted({*earlier["baskets"], *moved["baskets"]}),
            "sent": earlier["sent"] or moved["sent"],
        }
        connection.execute(update(MERGE_RECORD).where(MERGE_RECORD.c.number == row.number).values(moved=joined))
        return int(row.number)
    values = {"member_id": into, "merged_id": merged_id, "into_id": into, "at": now, "agreed": list(agreed)}
    stored = insert(MERGE_RECORD).values(**values, rows={}, moved=dict(moved)).returning(MERGE_RECORD.c.number)
    return int(connection.execute(stored).scalar_one())


def kept_rows(connection: Connection, member_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return a member's rows of the tables that a merge deletes from, in the form of JSON."""
    rows = {}
    for table in _KEPT_ROWS:
        stored = connection.execute(select(table).where(table.c.member_id == member_id)).mappings()
        rows[table.name] = [{name: _to_json(value) for name, value in row.items()} for row in stored]
    return rows


def newest_entry(connection: Connection) -> int:
    """Return the number of the newest entry of the record of choices."""
    newest = select(CHOICE_ENTRY.c.seq).order_by(CHOICE_ENTRY.c.seq.desc()).limit(1)
    return int(connection.execute(newest).scalar_one_or_none() or 0)


def close_record(
    connection: Connection, number: int, rows: Mapping[str, Any], moved: Mapping[str, Any], now: datetime
) -> None:
    """Complete a record in the transaction of the merge."""
    record = connection.execute(select(MERGE_RECORD).where(MERGE_RECORD.c.number == number)).one()
    completed = update(MERGE_RECORD).where(MERGE_RECORD.c.number == number)
    whole = {**record.moved, **moved}
    connection.execute(completed.values(rows=dict(rows), moved=whole, merged_at=now))


def pass_on(connection: Connection, merged_id: str, into: str) -> None:
    """Give the records of earlier merges to the id that holds the data from now on: it is erased with that."""
    connection.execute(update(MERGE_RECORD).where(MERGE_RECORD.c.member_id == merged_id).values(member_id=into))


def find_record(connection: Connection, merged_id: str, now: datetime) -> Row[Any]:
    """Return the merge of an id that can be undone; raise UserError when there is none any more."""
    of_id = (MERGE_RECORD.c.merged_id == merged_id, MERGE_RECORD.c.at > now - UNDO_PERIOD)
    newest = select(MERGE_RECORD).where(*of_id).order_by(MERGE_RECORD.c.number.desc()).limit(1)
    record = connection.execute(newest).one_or_none()
    if record is None:
        message = f"no merge of this id within {UNDO_PERIOD.days} days is on record"
        raise UserError.about(merged_id, message, "no_merge", "check the id; after that time a merge is final")
    if record.member_id != record.into_id:
        message = f"{record.into_id} was itself merged into {record.member_id}"
        raise UserError.about(merged_id, message, "merged_again", f"undo the merge of {record.into_id} first")
    return record


def records_of(connection: Connection, member_id: str, now: datetime) -> Sequence[Row[Any]]:
    """Return the merges into a member that can be undone, newest first."""
    of_member = (
        MERGE_RECORD.c.into_id == member_id,
        MERGE_RECORD.c.member_id == member_id,
        MERGE_RECORD.c.merged_at > now - UNDO_PERIOD,
    )
    return connection.execute(select(MERGE_RECORD).where(*of_member).order_by(MERGE_RECORD.c.number.desc())).all()


def restore_members(connection: Connection, record: Row[Any]) -> None:
    """Restore both members' rows in the ledger, and delete the record.

    Choices: each gets its own record back; whatever was refused since the merge binds both (C-12). Contact: gaps that
    the merge filled are emptied, later changes stay. Holdout: they stay drawn together, as whoever shared a unit does.
    Sessions and codes of both end.
    """
    merged_id, into = record.merged_id, record.into_id
    for table in _RESTORED:
        _insert(connection, table, record.rows["merged"][table.name])
    _insert(connection, CONTACT_CHANGE, record.rows["merged"][CONTACT_CHANGE.name])
    _restore_choices(connection, record)
    unit = connection.execute(select(HOLDOUT_UNIT).where(HOLDOUT_UNIT.c.member_id == into)).mappings().one_or_none()
    if unit is not None:
        connection.execute(insert(HOLDOUT_UNIT).values({**unit, "member_id": merged_id}))
    _empty_gaps(connection, record)
    by_merge = (CONTACT_CHANGE.c.member_id == into, CONTACT_CHANGE.c.origin == ChangeOrigin.MERGE)
    connection.execute(delete(CONTACT_CHANGE).where(*by_merge, CONTACT_CHANGE.c.at >= record.merged_at))
    sessions.end_sessions(connection, into)
    one_time_codes.end_codes(connection, into)
    earlier = update(MERGE_RECORD).where(MERGE_RECORD.c.into_id == merged_id)
    connection.execute(earlier.values(member_id=merged_id))
    connection.execute(delete(MERGE_RECORD).where(MERGE_RECORD.c.number == record.number))


def delete_record(connection: Connection, number: int) -> None:
    """Delete the record of a merge that did not come to its end."""
    connection.execute(delete(MERGE_RECORD).where(MERGE_RECORD.c.number == number))


def purge_records(connection: Connection, now: datetime) -> int:
    """Delete records of merges that can no longer be undone; return how many."""
    return connection.execute(delete(MERGE_RECORD).where(MERGE_RECORD.c.at <= now - UNDO_PERIOD)).rowcount


def _restore_choices(connection: Connection, record: Row[Any]) -> None:
    merged_id, into = record.merged_id, record.into_id
    added = set(record.moved["entries"])
    since = [
        entry
        for entry in choices.entries_of(connection, [into])[into]
        if entry.at >= record.merged_at and not entry.is_opt_in and entry.source is not ConsentSource.MERGE
    ]
    own = [_decoded(CHOICE_ENTRY, row) for row in record.rows["merged"][CHOICE_ENTRY.name]]
    choices.replace_entries(connection, into, added, merged_id, own, since)


def _empty_gaps(connection: Connection, record: Row[Any]) -> None:
    contact = contact_of(connection, record.into_id)
    gaps = {name: None for name, value in record.moved["gaps"].items() if contact[name] == value}
    if gaps:
        contacts.upsert_contacts(connection, [{"member_id": record.into_id, **gaps}], contact["language"])


def _insert(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    number = _NUMBERED.get(table.name)
    decoded = [{name: value for name, value in _decoded(table, row).items() if name != number} for row in rows]
    if decoded:
        connection.execute(insert(table), decoded)


def _decoded(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if value is not None and _is_moment(table, name) else value
        for name, value in row.items()
    }


def _is_moment(table: Table, name: str) -> bool:
    column_type = table.c[name].type
    return isinstance(column_type, DateTime) or getattr(column_type, "impl", None).__class__ is DateTime


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value
