"""Contact that members changed with us: it holds against imports until the membership system has heard of it.

An import's value wins when it is the member's own (the source has caught up), when the row says that it was changed
later, or when it is none of the values that the member had replaced: then the source has learnt something new. Else
it is what the source knew before, and the member's own stays.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select

from audiences.tables import CONTACT, OWN_CHANGE

CHANGED_AT: Final = "contact_changed_at"
"""The column of an import of members that says when the source changed the contact of the row, if it knows."""

FIELDS: Final = ("first_name", "last_name", "language", "email", "phone", "street", "postal_code", "city")


def keep(connection: Connection, before: Mapping[str, Any], change: Mapping[str, Any], at: datetime) -> None:
    """Remember what a member changed; `before` is the whole contact as it stood. In the transaction of the change."""
    member_id = before["member_id"]
    known = {row.field: list(row.replaced) for row in _kept(connection, [member_id])}
    for field in FIELDS:
        if field in change and change[field] != before[field]:
            this = (OWN_CHANGE.c.member_id == member_id, OWN_CHANGE.c.field == field)
            connection.execute(delete(OWN_CHANGE).where(*this))
            replaced = [value for value in known.get(field, []) if value != change[field]] + [before[field]]
            connection.execute(insert(OWN_CHANGE).values(member_id=member_id, field=field, replaced=replaced, at=at))


def heed(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Imported contacts with what their members have changed since; what the source has caught up with is forgotten.

    Takes `CHANGED_AT` out of the rows. In the transaction that writes them.
    """
    ids = [row["member_id"] for row in rows]
    kept: dict[str, list[Row[Any]]] = defaultdict(list)
    for own in _kept(connection, ids):
        kept[own.member_id].append(own)
    told = {row["member_id"]: row.pop(CHANGED_AT, None) for row in rows}
    if not kept:
        return list(rows)
    found = connection.execute(select(CONTACT).where(CONTACT.c.member_id.in_(list(kept)))).mappings()
    present = {row["member_id"]: dict(row) for row in found}
    stale = [_stale(row, kept[row["member_id"]], present.get(row["member_id"]), told) for row in rows]
    heeded = [{**row, **dict(own)} for row, own in zip(rows, stale, strict=True)]
    _forget(connection, rows, heeded, kept)
    return heeded


def _stale(
    row: Mapping[str, Any],
    kept: Sequence[Row[Any]],
    present: Mapping[str, Any] | None,
    told: Mapping[str, datetime | None],
) -> dict[str, Any]:
    """The member's own values that a row knows nothing of yet."""
    return {} if present is None else dict(_own(row, kept, present, told[row["member_id"]]))


def _own(
    row: Mapping[str, Any], kept: Sequence[Row[Any]], present: Mapping[str, Any], told: datetime | None
) -> Iterator[tuple[str, Any]]:
    for own in kept:
        if own.field not in row or row[own.field] == present[own.field]:
            continue
        knows_less = row[own.field] in own.replaced if told is None else told <= own.at
        if knows_less:
            yield own.field, present[own.field]


def _forget(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    heeded: Sequence[Mapping[str, Any]],
    kept: Mapping[str, Sequence[Row[Any]]],
) -> None:
    settled = [
        and_(OWN_CHANGE.c.member_id == row["member_id"], OWN_CHANGE.c.field == own.field)
        for row, whole in zip(rows, heeded, strict=True)
        for own in kept.get(row["member_id"], ())
        if own.field in row and row[own.field] == whole[own.field]
    ]
    if settled:
        connection.execute(delete(OWN_CHANGE).where(or_(*settled)))


def _kept(connection: Connection, members: Sequence[str]) -> Sequence[Row[Any]]:
    return connection.execute(select(OWN_CHANGE).where(OWN_CHANGE.c.member_id.in_(members))).all()
