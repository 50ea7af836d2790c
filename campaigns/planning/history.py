"""What members have heard from us so far, as columns beside the warehouse."""

from collections.abc import Collection
from typing import Final

import pyarrow as pa
from sqlalchemy import bindparam, text

from campaigns.ledger import Ledger, instants

_HEARD: Final = """
    SELECT d.member_id, r.campaign, r.purpose, d.channel, d.state, d.run_number,
           COALESCE(d.ended_at, d.claimed_at, r.due_at) AS sent_at
    FROM delivery d JOIN run r ON r.number = d.run_number
    WHERE (d.state IN ('sending', 'accepted', 'uncertain')
           OR d.state = 'pending' AND r.state IN ('sending', 'paused'))
"""
_OF_FEW: Final = text(f"{_HEARD} AND d.member_id IN :members").bindparams(bindparam("members", expanding=True))
_SCHEMA: Final = pa.schema(
    [
        ("member_id", pa.string()),
        ("campaign", pa.string()),
        ("purpose", pa.string()),
        ("channel", pa.string()),
        ("state", pa.string()),
        ("run_number", pa.int64()),
        ("sent_at", pa.timestamp("us")),
    ]
)
_CLICKS: Final = pa.schema(
    [
        ("member_id", pa.string()),
        ("campaign", pa.string()),
        ("purpose", pa.string()),
        ("channel", pa.string()),
        ("clicked_at", pa.timestamp("us")),
    ]
)


def heard(ledger: Ledger, members: Collection[str] = ()) -> pa.Table:
    """Every message that went, may have gone or is on its way, with its instant in UTC; with `members` theirs alone."""
    rows = _of_few(ledger, members) if members else ledger.arrow(_HEARD)
    if rows.num_rows == 0:
        return _SCHEMA.empty_table()
    sent_at = instants(rows.column("sent_at"))
    return rows.set_column(rows.schema.get_field_index("sent_at"), "sent_at", sent_at).cast(_SCHEMA)


def _of_few(ledger: Ledger, members: Collection[str]) -> pa.Table:
    with ledger.read() as connection:
        return pa.Table.from_pylist(list(map(dict, connection.execute(_OF_FEW, {"members": list(members)}).mappings())))


def clicks() -> pa.Table:
    """Clicks of members who consented to tracking: none are recorded before a click redirector runs."""
    return _CLICKS.empty_table()
