"""Contact, choices and suppressions of every member as Arrow columns: what a plan is made from."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from campaigns.ledger import Ledger
from campaigns.spec.words import Choice

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
_TABLES: Final = {
    "contact": {name: name for name in _TEXTS},
    "choices": {
        **{name: name for name in ("member_id", *_SAID)},
        "bits": " + ".join(f"CASE WHEN {name} THEN {bit} ELSE 0 END" for name, bit in _BITS.items()),
    },
    "unit": {"member_id": "member_id", "number": "CAST(number AS VARCHAR)"},
    "suppression": {name: name for name in ("kind", "value", "reason", "scope")},
}


def snapshot(ledger: Ledger) -> pa.Table:
    """One row a member.

    Texts of the contact (NULL when unknown); a boolean for each choice; `newsletters` and `withdrawn` between bars;
    `unit`, those with whom the member is held out and drawn (nobody else until `units.unite` has run); and for each
    kind of address `<kind>_suppression`, the reason why nothing may go there, and `<kind>_suppression_all`, the same
    without the suppressions that concern marketing only: what service obeys.

    The tables are read one by one and joined here: in the ledger, the joins would take most of the time.
    """
    found = ledger.texts(_TABLES)
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
    addresses = {
        "email": pc.utf8_lower(contact.column("email")),
        "phone": contact.column("phone"),
        "address": contact.column("address_key"),
    }
    columns = {}
    for kind, values in addresses.items():
        of_kind = suppressed.filter(pc.equal(suppressed.column("kind"), kind))
        for column, rows in (
            (f"{kind}_suppression", of_kind),
            (f"{kind}_suppression_all", of_kind.filter(pc.equal(of_kind.column("scope"), "all"))),
        ):
            first = rows.group_by("value").aggregate([("reason", "min")])
            columns[column] = _of(first, values).column("reason_min")
    return columns


def _of(rows: pa.Table, keys: pa.ChunkedArray) -> pa.Table:
    """For each key the row that stands under it in the first column; NULLs where there is none."""
    return rows.take(pc.index_in(keys, value_set=rows.column(0)))
