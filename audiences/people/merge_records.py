"""Merges that can be undone: the rows of both ids before, and the keys of what was moved, for 30 days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, DateTime, Row, Table, delete, insert, select, update

from audiences.access import one_time_codes, sessions
from audiences.consent import choices
from audiences.consent.consent_state import ConsentSource
from audiences.identity_tables import CONTACT_CHANGE, HELD_REQUEST, MERGE_RECORD
from audiences.people import contacts
from audiences.people.contact_changes import CHANNEL_FIELDS, ChangeOrigin
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
    HELD_REQUEST,
    SIGN_UP,
)
_RESTORED: Final = (CONTACT, FORMER_HOLDOUT_UNIT, SELF_SERVICE_CHANGE, SIGN_UP)
_MOVED: Final = (CONTACT_CHANGE, HELD_REQUEST)  # to the member who stays, so that their links remain valid
_NUMBERED: Final = {"contact_change": "number", "held_request": "number", "sign_up": "number", "choice_entry": "seq"}


def open_record(
    connection: Connection, merged_id: str, into: str, moved: Mapping[str, Any], agreed: Sequence[str], now: datetime
) -> int:
    """Store the rows of the warehouse that a merge is about to move; return the number of the record.

    After a crash, the record of the first attempt is kept and extended: the rows may be moved already. Raise UserError
    when that attempt was into another id, which may hold them.
    """
    unfinished = (MERGE_RECORD.c.merged_id == merged_id, MERGE_RECORD.c.merged_at.is_(None))
    row = connection.execute(select(MERGE_RECORD).where(*unfinished)).first()
    if row is not None and row.into_id != into:
        message = f"its merge into {row.into_id} was interrupted, and purchases may be there already"
        raise UserError.about(merged_id, message, "unfinished_merge", "repeat that merge, or undo it, and merge again")
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


def reassign(connection: Connection, merged_id: str, into: str) -> None:
    """Move the records of earlier merges into `merged_id` to the other id, so that they are erased with it."""
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
    _move_back(connection, record)
    _restore_choices(connection, record)
    unit = connection.execute(select(HOLDOUT_UNIT).where(HOLDOUT_UNIT.c.member_id == into)).mappings().one_or_none()
    if unit is not None:
        connection.execute(insert(HOLDOUT_UNIT).values({**unit, "member_id": merged_id}))
    _empty_gaps(connection, record)
    sessions.end_sessions(connection, into)
    one_time_codes.end_codes(connection, into)
    connection.execute(delete(MERGE_RECORD).where(MERGE_RECORD.c.number == record.number))
    _return_earlier_records(connection, merged_id, into)


def _return_earlier_records(connection: Connection, merged_id: str, into: str) -> None:
    """Give the records of earlier merges back to the id that holds their data again, however long the chain."""
    holders = {merged_id}
    while holders:
        earlier = (MERGE_RECORD.c.into_id.in_(holders), MERGE_RECORD.c.member_id == into)
        returned = update(MERGE_RECORD).where(*earlier).values(member_id=merged_id)
        holders = set(connection.execute(returned.returning(MERGE_RECORD.c.merged_id)).scalars())


def delete_record(connection: Connection, number: int) -> None:
    """Delete the record of a merge that did not come to its end."""
    connection.execute(delete(MERGE_RECORD).where(MERGE_RECORD.c.number == number))


def merged_ids(connection: Connection, member_id: str) -> Sequence[str]:
    """Return the ids whose merges on record a member holds."""
    held = (MERGE_RECORD.c.member_id == member_id, MERGE_RECORD.c.merged_at.is_not(None))
    return connection.execute(select(MERGE_RECORD.c.merged_id).where(*held)).scalars().all()


def purge_records(connection: Connection, now: datetime) -> Sequence[str]:
    """Delete records of merges that can no longer be undone; return the ids that are merged for good."""
    deleted = delete(MERGE_RECORD).where(MERGE_RECORD.c.at <= now - UNDO_PERIOD)
    rows = connection.execute(deleted.returning(MERGE_RECORD.c.merged_id, MERGE_RECORD.c.merged_at)).all()
    return [row.merged_id for row in rows if row.merged_at is not None]


def _move_back(connection: Connection, record: Row[Any]) -> None:
    """Give a merged id its changes of contact and requests back, with their links; delete changes by the merge."""
    into = record.into_id
    for table in _MOVED:
        for row in record.rows["merged"].get(table.name, ()):
            of_row = (table.c.number == row["number"], table.c.nonce == row["nonce"], table.c.member_id == into)
            values = {name: row[name] for name in ("member_id", "origin") if name in row}
            if not connection.execute(update(table).where(*of_row).values(**values)).rowcount:
                _insert(connection, table, [row])
    (contact,) = record.rows["merged"][CONTACT.name]
    by_merge = (CONTACT_CHANGE.c.member_id == into, CONTACT_CHANGE.c.at >= record.merged_at)
    for name in CHANNEL_FIELDS:
        filled = (CONTACT_CHANGE.c.origin == ChangeOrigin.MERGE) & (CONTACT_CHANGE.c.value == contact[name])
        replaced = (CONTACT_CHANGE.c.origin == ChangeOrigin.MERGED_ID) & (CONTACT_CHANGE.c.former == contact[name])
        connection.execute(delete(CONTACT_CHANGE).where(*by_merge, CONTACT_CHANGE.c.field == name, filled | replaced))


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
