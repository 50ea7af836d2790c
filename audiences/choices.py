"""The record of choices in the ledger: append to it, keep its projection, read a member's stance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from audiences.stance import Entry, Source, Stance, fold
from audiences.tables import CHOICE_ENTRY, CHOICES
from campaigns.spec.words import Choice

_ON, _OFF = "on", "off"


def record(connection: Connection, entries: Iterable[Entry]) -> int:
    """Append those entries that the record does not hold yet, and bring the projection of their members up to date.

    Returns how many were new. Runs in the caller's write transaction; entries for at most some thousand members,
    so that it stays short.
    """
    offered = {entry.identity: entry for entry in reversed(list(entries))}  # of equal entries the first stays
    members = sorted({entry.member_id for entry in offered.values()})
    known = entries_of(connection, members)
    held = {entry.identity for said in known.values() for entry in said}
    new = [entry for identity, entry in reversed(offered.items()) if identity not in held]
    if not new:
        return 0
    connection.execute(insert(CHOICE_ENTRY), [_row(entry) for entry in new])
    for entry in new:
        known[entry.member_id].append(entry)
    changed = sorted({entry.member_id for entry in new})
    _project(connection, {member: known[member] for member in changed})
    return len(new)


def entries_of(connection: Connection, members: Sequence[str]) -> dict[str, list[Entry]]:
    """What the record holds about each of these members, in the order in which it was appended."""
    found = defaultdict(list)
    query = select(CHOICE_ENTRY).where(CHOICE_ENTRY.c.member_id.in_(members)).order_by(CHOICE_ENTRY.c.seq)
    for row in connection.execute(query):
        found[row.member_id].append(_entry(row))
    return found


def stance_of(connection: Connection, member_id: str) -> Stance:
    """What a member's projection says; the empty stance when there is none."""
    row = connection.execute(select(CHOICES).where(CHOICES.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        return Stance()
    on = frozenset(choice for choice in Choice if row[choice.value])
    return Stance(on, frozenset(_names(row["newsletters"])), frozenset(_names(row["withdrawn"])))


def _project(connection: Connection, records: Mapping[str, Sequence[Entry]]) -> None:
    latest = connection.execute(select(func.coalesce(func.max(CHOICE_ENTRY.c.seq), 0))).scalar_one()
    rows = [_projected(member, fold(said), latest) for member, said in records.items() if said]
    connection.execute(delete(CHOICES).where(CHOICES.c.member_id.in_(list(records))))
    if rows:
        connection.execute(insert(CHOICES), rows)


def _projected(member_id: str, stance: Stance, seq: int) -> dict[str, Any]:
    return {
        "member_id": member_id,
        "newsletters": _between_bars(stance.newsletters),
        "withdrawn": _between_bars(stance.withdrawn),
        **{choice.value: choice in stance.on for choice in Choice},
        "seq": seq,
    }


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "member_id": entry.member_id,
        "choice": entry.choice,
        "state": _ON if entry.on else _OFF,
        "at": entry.at,
        "source": entry.source.value,
        "wording": entry.wording,
        "language": entry.language,
        "agent": entry.agent,
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        row.member_id,
        row.choice,
        row.state == _ON,
        row.at,
        Source(row.source),
        row.wording,
        row.language,
        row.agent,
    )


def _between_bars(names: Iterable[str]) -> str:
    return "".join(f"|{name}" for name in sorted(names)) + "|" if names else ""


def _names(between_bars: str) -> list[str]:
    return [name for name in between_bars.split("|") if name]
