"""What waits, is under way or uncertain is found without a walk through all that has gone before, on either ledger."""

import json

import pytest
from sqlalchemy import Connection, Select, insert, select, text, update

from campaigns.clock import Clock
from campaigns.ledger import Ledger
from campaigns.store.deliveries import in_state
from campaigns.store.tables import DELIVERY
from campaigns.store.words import DeliveryState

GONE = 20_000
NOW = Clock().now()
INDEXES = {
    DeliveryState.PENDING: "deliveries_to_claim",
    DeliveryState.SENDING: "deliveries_under_way",
    DeliveryState.UNCERTAIN: "deliveries_uncertain",
}


def planned(ledger: Ledger, state: DeliveryState) -> None:
    """A long run of which everything has gone since the database last looked at it, but one message in a state."""
    row = {"run_number": 1, "channel": "email", "state": "pending"}
    rows = [{**row, "position": place, "member_id": f"m{place}"} for place in range(1, GONE + 2)]
    with ledger.write() as connection:
        connection.execute(insert(DELIVERY), rows)
        connection.execute(text("ANALYZE"))
    with ledger.write() as connection:
        gone = {"state": DeliveryState.ACCEPTED, "lease_until": None}
        connection.execute(update(DELIVERY).where(DELIVERY.c.position <= GONE).values(gone))
        last = {"state": state, "lease_until": NOW}
        connection.execute(update(DELIVERY).where(DELIVERY.c.position > GONE).values(last))


def way(connection: Connection, query: Select[int]) -> str:
    """How the database would answer a query."""
    compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
    if connection.dialect.name == "sqlite":
        return json.dumps([row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))])
    return json.dumps(connection.execute(text(f"EXPLAIN (FORMAT JSON) {compiled}")).scalar_one())


@pytest.mark.parametrize("state", INDEXES)
def test_deliveries_in_a_state_are_found_by_an_index_of_their_own(ledger, state):
    planned(ledger, state)
    of_run = in_state(select(DELIVERY.c.position), state).where(
        DELIVERY.c.run_number == 1, DELIVERY.c.channel == "email"
    )
    in_order = of_run.order_by(DELIVERY.c.position).limit(200)
    with ledger.read() as connection:
        assert connection.execute(in_order).scalars().all() == [GONE + 1]
        assert INDEXES[state] in way(connection, in_order)
