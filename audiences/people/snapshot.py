"""Contact, choices and suppressions of every member as Arrow columns: what a plan is made from."""

from collections.abc import Collection, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, Text, cast, column, func, literal_column, select, table

from campaigns.core.model.enums import Choice
from campaigns.store.ledger.connection import Ledger

_TEXTS: Final = (
    "member_id",
    "register",
    "household_id",
    "first_name",
    "last_name",
    "language",
    "email",
    "phone",
    "street",
    "postal_code",
    "city",
    "address_key",
)
_SAID: Final = ("newsletters", "withdrawn")
_BITS: Final = {choice.value: 1 << place for place, choice in enumerate(Choice)}
_ADDRESSES: Final = {"email": "email", "phone": "phone", "address": "address_key"}
_TABLES: Final[dict[str, dict[str, str]]] = {
    "contact": {name: name for name in _TEXTS},
    "choices": {
        **{name: name for name in ("member_id", *_SAID)},
        "bits": " + ".join(f"CASE WHEN {name} THEN {bit} ELSE 0 END" for name, bit in _BITS.items()),
    },
    "unit": {"member_id": "member_id", "number": "CAST(number AS VARCHAR)"},
    "suppression": {name: name for name in ("kind", "value", "reason", "scope")},
}


def snapshot(ledger: Ledger, members: Collection[str] = ()) -> pa.Table:
    """One row a member; with `members` of those alone, in a moment.

    Texts of the contact (NULL when unknown); a boolean for each choice; `newsletters` and `withdrawn` between bars;
    `unit`, those with whom the member is held out and drawn (nobody else until `units.unite` has run); and for each
    kind of address `<kind>_suppression`, the reason why nothing may go there, and `<kind>_suppression_all`, the same
    without the suppressions that concern marketing only: what service obeys.

    The tables are read one by one and joined here: in the ledger, the joins would take most of the time.
    """
    return _joined(_of_few(ledger, members) if members else ledger.texts(_TABLES))


def _of_few(ledger: Ledger, members: Collection[str]) -> dict[str, pa.Table]:
    """The rows of a few members, and of what is suppressed whatever stands at one of their addresses."""
    with ledger.read() as connection:
        of_members = column("member_id").in_(members)
        found = {name: _rows(connection, name, of_members) for name in ("contact", "choices", "unit")}
        contact = found["contact"]
        at = {value for name in _ADDRESSES.values() for value in _lowered(contact, name).to_pylist() if value}
        return {**found, "suppression": _rows(connection, "suppression", column("value").in_(at))}


def _rows(connection: Connection, source: str, wanted: ColumnElement[bool]) -> pa.Table:
    shown = _TABLES[source]
    texts = (func.nullif(cast(literal_column(value), Text), "").label(name) for name, value in shown.items())
    rows = connection.execute(select(*texts).select_from(table(source)).where(wanted)).mappings().all()
    return pa.Table.from_pylist(list(map(dict, rows)), pa.schema([(name, pa.string()) for name in shown]))


def _joined(found: Mapping[str, pa.Table]) -> pa.Table:
    members = found["contact"].column("member_id")
    said = _of(found["choices"], members)
    number = _of(found["unit"], members).column("number")
    return pa.table(
        {name: found["contact"].column(name) for name in _TEXTS}
        | {"unit": pc.coalesce(number, pc.binary_join_element_wise("member:", members, ""))}
        | {name: said.column(name) for name in _SAID}
        | _choices(said.column("bits"))
        | _suppressions(found["contact"], found["suppression"])
    )


def _choices(bits: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """A boolean for each choice; a member without a row has said nothing."""
    whole = pc.fill_null(bits, "0").cast(pa.int64())
    return {name: pc.not_equal(pc.bit_wise_and(whole, bit), 0) for name, bit in _BITS.items()}


def _suppressions(contact: pa.Table, suppressed: pa.Table) -> dict[str, pa.ChunkedArray]:
    columns = {}
    for kind, address in _ADDRESSES.items():
        values = _lowered(contact, address)
        of_kind = suppressed.filter(pc.equal(suppressed.column("kind"), kind))
        for name, rows in (
            (f"{kind}_suppression", of_kind),
            (f"{kind}_suppression_all", of_kind.filter(pc.equal(of_kind.column("scope"), "all"))),
        ):
            first = rows.group_by("value").aggregate([("reason", "min")])
            columns[name] = _of(first, values).column("reason_min")
    return columns


def _lowered(contact: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.utf8_lower(contact.column(name)) if name == "email" else contact.column(name)


def _of(rows: pa.Table, keys: pa.ChunkedArray) -> pa.Table:
    """For each key the row that stands under it in the first column; NULLs where there is none."""
    return rows.take(pc.index_in(keys, value_set=rows.column(0)))
