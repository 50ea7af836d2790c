"""Contact changes made by members with us: kept against imports until the membership system has them.

The imported value wins in three cases: it equals the member's value (the source has caught up), the row says that it
was changed later, or it is none of the values that the member replaced (the source has learnt something new).
Otherwise the source is out of date, and the member's value stays.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, exists, insert, or_, select

from audiences.tables import CONTACT, SELF_SERVICE_CHANGE

CHANGED_AT: Final = "contact_changed_at"
"""Column of a member import: the time at which the source changed the contact of the row, if known."""

ADDRESS_FIELDS: Final = ("street", "postal_code", "city")
CONTACT_FIELDS: Final = ("first_name", "last_name", "language", "email", "phone", *ADDRESS_FIELDS)


def record_change(connection: Connection, before: Mapping[str, Any], change: Mapping[str, Any], at: datetime) -> None:
    """Record a member's change; `before` is the whole contact as it stood. Call in the transaction of the change."""
    member_id = before["member_id"]
    replaced_values = {row.field: list(row.replaced) for row in _stored_changes(connection, [member_id])}
    for field in CONTACT_FIELDS:
        if field in change and change[field] != before[field]:
            same_field = (SELF_SERVICE_CHANGE.c.member_id == member_id, SELF_SERVICE_CHANGE.c.field == field)
            connection.execute(delete(SELF_SERVICE_CHANGE).where(*same_field))
            replaced = [value for value in replaced_values.get(field, []) if value != change[field]] + [before[field]]
            connection.execute(
                insert(SELF_SERVICE_CHANGE).values(member_id=member_id, field=field, replaced=replaced, at=at)
            )


def has_changed_since(connection: Connection, member_id: str, fields: Sequence[str], since: datetime) -> bool:
    """Return whether one of these fields was changed with us after `since`, and the membership system lacks it."""
    changed = exists().where(
        SELF_SERVICE_CHANGE.c.member_id == member_id,
        SELF_SERVICE_CHANGE.c.field.in_(fields),
        SELF_SERVICE_CHANGE.c.at > since,
    )
    return bool(connection.execute(select(changed)).scalar_one())


def apply_own_changes(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return imported contacts with the members' own changes applied; changes that the source has are deleted.

    Removes `CHANGED_AT` from the rows. Call in the transaction that writes them.
    """
    ids = [row["member_id"] for row in rows]
    changes: dict[str, list[Row[Any]]] = defaultdict(list)
    for change in _stored_changes(connection, ids):
        changes[change.member_id].append(change)
    changed_at = {row["member_id"]: row.pop(CHANGED_AT, None) for row in rows}
    if not changes:
        return list(rows)
    contacts = connection.execute(select(CONTACT).where(CONTACT.c.member_id.in_(list(changes)))).mappings()
    present = {row["member_id"]: dict(row) for row in contacts}
    own_values = [
        _own_values(row, changes[row["member_id"]], present.get(row["member_id"]), changed_at) for row in rows
    ]
    applied = [{**row, **dict(change)} for row, change in zip(rows, own_values, strict=True)]
    _delete_caught_up(connection, rows, applied, changes)
    return applied


def _own_values(
    row: Mapping[str, Any],
    changes: Sequence[Row[Any]],
    present: Mapping[str, Any] | None,
    changed_at: Mapping[str, datetime | None],
) -> dict[str, Any]:
    """Return the member's own values that a row does not have yet."""
    return {} if present is None else dict(_newer_values(row, changes, present, changed_at[row["member_id"]]))


def _newer_values(
    row: Mapping[str, Any], changes: Sequence[Row[Any]], present: Mapping[str, Any], changed_at: datetime | None
) -> Iterator[tuple[str, Any]]:
    for change in changes:
        if change.field not in row or row[change.field] == present[change.field]:
            continue
        is_older = row[change.field] in change.replaced if changed_at is None else changed_at <= change.at
        if is_older:
            yield change.field, present[change.field]


def _delete_caught_up(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    applied: Sequence[Mapping[str, Any]],
    changes: Mapping[str, Sequence[Row[Any]]],
) -> None:
    caught_up = [
        and_(SELF_SERVICE_CHANGE.c.member_id == row["member_id"], SELF_SERVICE_CHANGE.c.field == change.field)
        for row, contact in zip(rows, applied, strict=True)
        for change in changes.get(row["member_id"], ())
        if change.field in row and row[change.field] == contact[change.field]
    ]
    if caught_up:
        connection.execute(delete(SELF_SERVICE_CHANGE).where(or_(*caught_up)))


def _stored_changes(connection: Connection, members: Sequence[str]) -> Sequence[Row[Any]]:
    return connection.execute(select(SELF_SERVICE_CHANGE).where(SELF_SERVICE_CHANGE.c.member_id.in_(members))).all()
