"""Contact history: messages and clicks of the ledger, as Arrow tables beside the warehouse."""

from collections.abc import Collection
from typing import Final

import pyarrow as pa
from sqlalchemy import bindparam, text

from campaigns.store.ledger.connection import Ledger, to_timestamps

_SENT: Final = """
    SELECT d.member_id, r.campaign, r.purpose, d.channel, d.state, d.run_number,
           COALESCE(d.ended_at, d.claimed_at, r.due_at) AS sent_at
    FROM delivery d JOIN run r ON r.number = d.run_number
    WHERE (d.state IN ('sending', 'accepted', 'uncertain')
           OR d.state = 'pending' AND r.state IN ('sending', 'paused'))
"""
_SENT_TO_MEMBERS: Final = text(f"""{_SENT} AND d.member_id IN :members AND (d.run_number, d.position) IN (
    SELECT run_number, position FROM delivery WHERE state <> 'pending' AND member_id IN :members
    UNION ALL
    SELECT run_number, position FROM decision
    WHERE run_number IN (SELECT number FROM run WHERE state IN ('sending', 'paused')) AND member_id IN :members)
""").bindparams(bindparam("members", expanding=True))  # see `store.runs.deliveries`
_MESSAGE_SCHEMA: Final = pa.schema(
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
_CLICKS: Final = """
    SELECT e.member_id, r.campaign, r.purpose, d.channel, e.at AS clicked_at
    FROM event e
    JOIN run r ON r.number = e.run_number
    JOIN delivery d ON d.run_number = e.run_number AND d.position = e.position
    JOIN choices c ON c.member_id = e.member_id
    WHERE e.word = 'clicked' AND c.tracking
"""
CLICK_SCHEMA: Final = pa.schema(
    [
        ("member_id", pa.string()),
        ("campaign", pa.string()),
        ("purpose", pa.string()),
        ("channel", pa.string()),
        ("clicked_at", pa.timestamp("us")),
    ]
)


def sent_messages(ledger: Ledger, members: Collection[str] = ()) -> pa.Table:
    """Return all messages sent, possibly sent or on their way, with times in UTC; with `members`, only theirs."""
    rows = _sent_to_members(ledger, members) if members else ledger.fetch_arrow(_SENT)
    if rows.num_rows == 0:
        return _MESSAGE_SCHEMA.empty_table()
    sent_at = to_timestamps(rows.column("sent_at"))
    return rows.set_column(rows.schema.get_field_index("sent_at"), "sent_at", sent_at).cast(_MESSAGE_SCHEMA)


def _sent_to_members(ledger: Ledger, members: Collection[str]) -> pa.Table:
    with ledger.read() as connection:
        return pa.Table.from_pylist(
            list(map(dict, connection.execute(_SENT_TO_MEMBERS, {"members": list(members)}).mappings()))
        )


def clicks(ledger: Ledger) -> pa.Table:
    """Return the clicks of members who now consent to tracking, with times in UTC."""
    rows = ledger.fetch_arrow(_CLICKS)
    if rows.num_rows == 0:
        return CLICK_SCHEMA.empty_table()
    clicked_at = to_timestamps(rows.column("clicked_at"))
    return rows.set_column(rows.schema.get_field_index("clicked_at"), "clicked_at", clicked_at).cast(CLICK_SCHEMA)
