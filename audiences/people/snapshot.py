"""Snapshot of contact, choices and suppressions of every member as Arrow columns, as input of a plan."""

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
    "phone_class",
    "street",
    "postal_code",
    "city",
    "address_key",
)
_CHOICE_TEXTS: Final = ("newsletters", "withdrawn")
_BITS: Final = {choice.value: 1 << place for place, choice in enumerate(Choice)}
_ADDRESSES: Final = {"email": "email", "phone": "phone", "address": "address_key"}
_TABLES: Final[dict[str, dict[str, str]]] = {
    "contact": {name: name for name in _TEXTS},
    "choices": {
        **{name: name for name in ("member_id", *_CHOICE_TEXTS)},
        "bits": " + ".join(f"CASE WHEN {name} THEN {bit} ELSE 0 END" for name, bit in _BITS.items()),
    },
    "unit": {"member_id": "member_id", "number": "CAST(number AS VARCHAR)"},
    "suppression": {name: name for name in ("kind", "value", "reason", "scope")},
}


def take_snapshot(ledger: Ledger, members: Collection[str] = ()) -> pa.Table:
    """Return one row a member; with `members` only their rows, without reading the others.

    Columns: the texts of the contact (NULL when unknown); a boolean for each choice; `newsletters` and `withdrawn`
    between bars; `unit`, the members held out and drawn together (the member alone until `rebuild_units` has run).
    For each kind of address, `<kind>_suppression` is the reason why no message may go there, and
    `<kind>_suppression_all` the same without marketing-only suppressions: service messages obey that one.

    The tables are read one by one and joined here: in the ledger, the joins would take most of the time.
    """
    return _join_tables(_read_few(ledger, members) if members else ledger.fetch_texts(_TABLES))


def _read_few(ledger: Ledger, members: Collection[str]) -> dict[str, pa.Table]:
    """Return the rows of a few members, and the suppressions of their addresses."""
    with ledger.read() as connection:
        of_members = column("member_id").in_(members)
        tables = {name: _rows(connection, name, of_members) for name in ("contact", "choices", "unit")}
        contact = tables["contact"]
        member_addresses = {
            value for name in _ADDRESSES.values() for value in _address_values(contact, name).to_pylist() if value
        }
        return {**tables, "suppression": _rows(connection, "suppression", column("value").in_(member_addresses))}


def _rows(connection: Connection, source: str, condition: ColumnElement[bool]) -> pa.Table:
    columns = _TABLES[source]
    texts = (func.nullif(cast(literal_column(value), Text), "").label(name) for name, value in columns.items())
    rows = connection.execute(select(*texts).select_from(table(source)).where(condition)).mappings().all()
    return pa.Table.from_pylist(list(map(dict, rows)), pa.schema([(name, pa.string()) for name in columns]))


def _join_tables(tables: Mapping[str, pa.Table]) -> pa.Table:
    members = tables["contact"].column("member_id")
    choices = _lookup(tables["choices"], members)
    number = _lookup(tables["unit"], members).column("number")
    return pa.table(
        {name: tables["contact"].column(name) for name in _TEXTS}
        | {"unit": pc.coalesce(number, pc.binary_join_element_wise("member:", members, ""))}
        | {name: choices.column(name) for name in _CHOICE_TEXTS}
        | _choices(choices.column("bits"))
        | _suppressions(tables["contact"], tables["suppression"])
    )


def _choices(bits: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """Return a boolean column for each choice; all false for a member without a row."""
    filled = pc.fill_null(bits, "0").cast(pa.int64())
    return {name: pc.not_equal(pc.bit_wise_and(filled, bit), 0) for name, bit in _BITS.items()}


def _suppressions(contact: pa.Table, suppressed: pa.Table) -> dict[str, pa.ChunkedArray]:
    columns = {}
    for kind, address in _ADDRESSES.items():
        values = _address_values(contact, address)
        of_kind = suppressed.filter(pc.equal(suppressed.column("kind"), kind))
        for name, rows in (
            (f"{kind}_suppression", of_kind),
            (f"{kind}_suppression_all", of_kind.filter(pc.equal(of_kind.column("scope"), "all"))),
        ):
            first = rows.group_by("value").aggregate([("reason", "min")])
            columns[name] = _lookup(first, values).column("reason_min")
    return columns


def _address_values(contact: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.utf8_lower(contact.column(name)) if name == "email" else contact.column(name)


def _lookup(rows: pa.Table, keys: pa.ChunkedArray) -> pa.Table:
    """Return for each key the row with that key in the first column; NULLs where there is none."""
    return rows.take(pc.index_in(keys, value_set=rows.column(0)))
