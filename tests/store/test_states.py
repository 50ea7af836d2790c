"""What waits, is under way or uncertain is found without a walk through all that has gone before, on either ledger."""

import json

import pytest
from sqlalchemy import Connection, Select, event, insert, select, text, update

from campaigns.channels.claimed_delivery import create_claimed_delivery
from campaigns.channels.outcome import Accepted, Outcome, RetryLater
from campaigns.core.clock import Clock
from campaigns.core.model.enums import Channel
from campaigns.runs.dispatch.record_outcomes import DeliveryAnswer, record_answers
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.deliveries import with_state
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.store.runs.states import DeliveryState

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
    of_run = with_state(select(DELIVERY.c.position), state).where(
        DELIVERY.c.run_number == 1, DELIVERY.c.channel == "email"
    )
    in_order = of_run.order_by(DELIVERY.c.position).limit(200)
    with ledger.read() as connection:
        assert connection.execute(in_order).scalars().all() == [GONE + 1]
        assert INDEXES[state] in way(connection, in_order)


def test_a_claim_begins_in_the_index_behind_what_was_claimed_before(ledger):
    planned(ledger, DeliveryState.PENDING)
    behind = with_state(select(DELIVERY.c.position), DeliveryState.PENDING).where(
        DELIVERY.c.run_number == 1, DELIVERY.c.channel == "email", DELIVERY.c.position > GONE
    )
    with ledger.read() as connection:
        found = way(connection, behind.order_by(DELIVERY.c.position).limit(200))
    assert "position >" in found.replace('\\"', "").replace("position>", "position >")
    assert "Sort" not in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("outcome", [Accepted("1"), RetryLater(1, "HTTP 429")])
def test_an_answer_is_written_where_its_key_says_and_not_looked_for_among_all_that_has_gone(ledger, outcome):
    planned(ledger, DeliveryState.SENDING)
    with ledger.write() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.position > GONE).values(attempt="a"))
    (found,) = changes(ledger, outcome)
    assert "delivery_pkey" in found or "SEARCH delivery USING PRIMARY KEY" in found
    assert not [index for index in INDEXES.values() if index in found]
    with ledger.read() as connection:
        ended = select(DELIVERY.c.state).where(DELIVERY.c.position > GONE)
        assert connection.execute(ended).scalar_one() == ("accepted" if isinstance(outcome, Accepted) else "pending")


def changes(ledger: Ledger, outcome: Outcome) -> list[str]:
    """How the database finds the deliveries that an outcome changes."""
    claimed = create_claimed_delivery(
        opaque_id="o",
        attempt="a",
        run="r",
        position=GONE + 1,
        member_id=f"m{GONE + 1}",
        channel=Channel.EMAIL,
        address="aino@example.org",
    )
    found = []
    with ledger.write() as connection:
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN (FORMAT JSON)"

        @event.listens_for(connection, "before_cursor_execute")
        def told(_connection, cursor, statement, parameters, *_):
            if "UPDATE delivery" in statement:
                cursor.execute(f"{explain} {statement}", parameters[0] if isinstance(parameters, list) else parameters)
                found.append(json.dumps(cursor.fetchall(), default=tuple))

        record_answers(connection, 1, [DeliveryAnswer(claimed, outcome, NOW)], "double")
    return found
