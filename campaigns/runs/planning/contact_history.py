"""What members have heard from us so far, as columns beside the warehouse."""

from collections.abc import Collection
from typing import Final

import pyarrow as pa
from sqlalchemy import bindparam, text

from campaigns.store.ledger.connection import Ledger, instants

_HEARD: Final = """
    SELECT d.member_id, r.campaign, r.purpose, d.channel, d.state, d.run_number,
           COALESCE(d.ended_at, d.claimed_at, r.due_at) AS sent_at
    FROM delivery d JOIN run r ON r.number = d.run_number
    WHERE (d.state IN ('sending', 'accepted', 'uncertain')
           OR d.state = 'pending' AND r.state IN ('sending', 'paused'))
"""
_OF_FEW: Final = text(f"""{_HEARD} AND d.member_id IN :members AND (d.run_number, d.position) IN (
    SELECT run_number, position FROM delivery WHERE state <> 'pending' AND member_id IN :members
    UNION ALL
    SELECT run_number, position FROM decision
    WHERE run_number IN (SELECT number FROM run WHERE state IN ('sending', 'paused')) AND member_id IN :members)
""").bindparams(bindparam("members", expanding=True))  # see `store.deliveries.of`
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
_CLICKED: Final = """
    SELECT e.member_id, r.campaign, r.purpose, d.channel, e.at AS clicked_at
    FROM event e
    JOIN run r ON r.number = e.run_number
    JOIN delivery d ON d.run_number = e.run_number AND d.position = e.position
    JOIN choices c ON c.member_id = e.member_id
    WHERE e.word = 'clicked' AND c.tracking
"""
CLICKS: Final = pa.schema(
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


def clicks(ledger: Ledger) -> pa.Table:
    """Clicks of members who consent to tracking now, with their instants in UTC."""
    rows = ledger.arrow(_CLICKED)
    if rows.num_rows == 0:
        return CLICKS.empty_table()
    clicked_at = instants(rows.column("clicked_at"))
    return rows.set_column(rows.schema.get_field_index("clicked_at"), "clicked_at", clicked_at).cast(CLICKS)
