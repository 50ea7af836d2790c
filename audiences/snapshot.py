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
_SUPPRESSED: Final = {"email": "lower(c.email)", "phone": "c.phone", "address": "c.address_key"}


def snapshot(ledger: Ledger) -> pa.Table:
    """One row a member.

    Texts of the contact (NULL when unknown); a boolean for each choice; `newsletters` and `withdrawn` between bars;
    `unit`, those with whom the member is held out and drawn (nobody else until `units.unite` has run); and for each
    kind of address `<kind>_suppression`, the reason why nothing may go there, and `<kind>_suppression_all`, the same
    without the suppressions that concern marketing only: what service obeys.
    """
    rows = ledger.arrow(_query())
    columns = {name: _text(rows.column(name)) for name in rows.column_names if name not in set(Choice)}
    bits = {choice.value: rows.column(choice.value).cast(pa.bool_()) for choice in Choice}
    return pa.table(columns | bits)


def _query() -> str:
    """Texts come without NULL, so that the driver knows their type from the first row on."""
    shown = [
        *(f"coalesce(c.{name}, '') AS {name}" for name in _TEXTS),
        "coalesce(CAST(u.number AS VARCHAR), 'member:' || c.member_id) AS unit",
        *(f"coalesce(s.{name}, '') AS {name}" for name in _SAID),
        *(f"coalesce(s.{choice.value}, false) AS {choice.value}" for choice in Choice),
        *(f"coalesce({kind}.reason, '') AS {kind}_suppression" for kind in _SUPPRESSED),
        *(f"coalesce({kind}.reason_all, '') AS {kind}_suppression_all" for kind in _SUPPRESSED),
    ]
    joins = [
        f"LEFT JOIN suppressed AS {kind} ON {kind}.kind = '{kind}' AND {kind}.value = {value}"
        for kind, value in _SUPPRESSED.items()
    ]
    return f"""
        WITH suppressed AS MATERIALIZED (
            SELECT kind, value, min(reason) AS reason, min(CASE scope WHEN 'all' THEN reason END) AS reason_all
            FROM suppression GROUP BY kind, value
        )
        SELECT {", ".join(shown)}
        FROM contact AS c LEFT JOIN choices AS s ON s.member_id = c.member_id
            LEFT JOIN unit AS u ON u.member_id = c.member_id {" ".join(joins)}
    """


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = column.cast(pa.string())
    known = pc.not_equal(texts, "")
    return pc.if_else(known, texts, pa.scalar(None, pa.string()))
