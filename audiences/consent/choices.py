"""Record of choices in the ledger: append entries, update the projection, read a member's consent state."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select

from audiences.consent.consent_state import ConsentEntry, ConsentSource, ConsentState, reduce_entries
from audiences.tables import CHOICE_ENTRY, CHOICES
from campaigns.core.model.enums import Choice

_ON, _OFF = "on", "off"
_CHUNK: Final = 500


def record_choices(connection: Connection, entries: Iterable[ConsentEntry]) -> int:
    """Append the entries that are not on record yet, and update the projection of their members.

    Return how many were new. Runs in the caller's write transaction: at most some thousand members, to keep it short.
    """
    candidates = {entry.identity: entry for entry in reversed(list(entries))}  # the first of equal entries stays
    members = sorted({entry.member_id for entry in candidates.values()})
    entries_by_member = entries_of(connection, members)
    identities = {entry.identity for stored in entries_by_member.values() for entry in stored}
    new = [entry for identity, entry in reversed(candidates.items()) if identity not in identities]
    if not new:
        return 0
    connection.execute(insert(CHOICE_ENTRY), [_entry_row(entry) for entry in new])
    for entry in new:
        entries_by_member[entry.member_id].append(entry)
    changed = sorted({entry.member_id for entry in new})
    _project(connection, {member: entries_by_member[member] for member in changed})
    return len(new)


def replace_entries(
    connection: Connection,
    member_id: str,
    removed: Collection[int],
    other: str,
    restored: Sequence[Mapping[str, Any]],
    binding: Iterable[ConsentEntry],
) -> None:
    """Undo a merge in the record: remove the entries that it added to `member_id`, restore those of `other`.

    `binding` are opt-outs since the merge, which bind both. The only function that removes entries of a living member:
    those that were another person's.
    """
    seqs = sorted(removed)
    for start in range(0, len(seqs), _CHUNK):
        of_merge = (CHOICE_ENTRY.c.member_id == member_id, CHOICE_ENTRY.c.seq.in_(seqs[start : start + _CHUNK]))
        connection.execute(delete(CHOICE_ENTRY).where(*of_merge))
    rows = [{name: value for name, value in row.items() if name != "seq"} for row in restored]
    if rows:
        connection.execute(insert(CHOICE_ENTRY), rows)
    record_choices(connection, [replace(entry, member_id=other) for entry in binding])
    _project(connection, {member: entries_of(connection, [member])[member] for member in (member_id, other)})


def entries_of(connection: Connection, members: Sequence[str]) -> dict[str, list[ConsentEntry]]:
    """Return the entries of each of these members, in the order in which they were appended."""
    entries_by_member = defaultdict(list)
    query = select(CHOICE_ENTRY).where(CHOICE_ENTRY.c.member_id.in_(members)).order_by(CHOICE_ENTRY.c.seq)
    for row in connection.execute(query):
        entries_by_member[row.member_id].append(_entry(row))
    return entries_by_member


def consent_state_of(connection: Connection, member_id: str) -> ConsentState:
    """Return a member's consent state from the projection; the empty state when there is none."""
    row = connection.execute(select(CHOICES).where(CHOICES.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        return ConsentState()
    on = frozenset(choice for choice in Choice if row[choice.value])
    return ConsentState(on, frozenset(_split_names(row["newsletters"])), frozenset(_split_names(row["withdrawn"])))


def _project(connection: Connection, records: Mapping[str, Sequence[ConsentEntry]]) -> None:
    latest = connection.execute(select(func.coalesce(func.max(CHOICE_ENTRY.c.seq), 0))).scalar_one()
    rows = [_projection_row(member, reduce_entries(entries), latest) for member, entries in records.items() if entries]
    connection.execute(delete(CHOICES).where(CHOICES.c.member_id.in_(list(records))))
    if rows:
        connection.execute(insert(CHOICES), rows)


def _projection_row(member_id: str, state: ConsentState, seq: int) -> dict[str, Any]:
    return {
        "member_id": member_id,
        "newsletters": _join_names(state.newsletters),
        "withdrawn": _join_names(state.withdrawn),
        **{choice.value: choice in state.on for choice in Choice},
        "seq": seq,
    }


def _entry_row(entry: ConsentEntry) -> dict[str, Any]:
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


def _entry(row: Row[Any]) -> ConsentEntry:
    return ConsentEntry(
        row.member_id,
        row.choice,
        row.state == _ON,
        row.at,
        ConsentSource(row.source),
        row.wording,
        row.language,
        row.agent,
    )


def _join_names(names: Iterable[str]) -> str:
    return "".join(f"|{name}" for name in sorted(names)) + "|" if names else ""


def _split_names(joined: str) -> list[str]:
    return [name for name in joined.split("|") if name]
