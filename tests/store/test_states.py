"""Pending, leased and uncertain deliveries are found without a scan of finished ones, on either ledger."""

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

FINISHED = 20_000
NOW = Clock().now()
INDEXES = {
    DeliveryState.PENDING: "deliveries_to_claim",
    DeliveryState.SENDING: "deliveries_under_way",
    DeliveryState.UNCERTAIN: "deliveries_uncertain",
}


def insert_run(ledger: Ledger, state: DeliveryState) -> None:
    """Insert a long run, finished since the last ANALYZE but for one delivery in a state."""
    row = {"run_number": 1, "channel": "email", "state": "pending"}
    rows = [{**row, "position": position, "member_id": f"m{position}"} for position in range(1, FINISHED + 2)]
    with ledger.write() as connection:
        connection.execute(insert(DELIVERY), rows)
        connection.execute(text("ANALYZE"))
    with ledger.write() as connection:
        finished = {"state": DeliveryState.ACCEPTED, "lease_until": None}
        connection.execute(update(DELIVERY).where(DELIVERY.c.position <= FINISHED).values(finished))
        last = {"state": state, "lease_until": NOW}
        connection.execute(update(DELIVERY).where(DELIVERY.c.position > FINISHED).values(last))


def query_plan(connection: Connection, query: Select[int]) -> str:
    """Return the database's plan for a query."""
    compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
    if connection.dialect.name == "sqlite":
        return json.dumps([row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))])
    return json.dumps(connection.execute(text(f"EXPLAIN (FORMAT JSON) {compiled}")).scalar_one())


@pytest.mark.parametrize("state", INDEXES)
def test_deliveries_in_a_state_are_found_by_their_own_index(ledger, state):
    insert_run(ledger, state)
    of_run = with_state(select(DELIVERY.c.position), state).where(
        DELIVERY.c.run_number == 1, DELIVERY.c.channel == "email"
    )
    in_order = of_run.order_by(DELIVERY.c.position).limit(200)
    with ledger.read() as connection:
        assert connection.execute(in_order).scalars().all() == [FINISHED + 1]
        assert INDEXES[state] in query_plan(connection, in_order)


def test_claim_starts_in_the_index_after_the_last_claimed_position(ledger):
    insert_run(ledger, DeliveryState.PENDING)
    behind = with_state(select(DELIVERY.c.position), DeliveryState.PENDING).where(
        DELIVERY.c.run_number == 1, DELIVERY.c.channel == "email", DELIVERY.c.position > FINISHED
    )
    with ledger.read() as connection:
        plan = query_plan(connection, behind.order_by(DELIVERY.c.position).limit(200))
    assert "position >" in plan.replace('\\"', "").replace("position>", "position >")
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("outcome", [Accepted("1"), RetryLater(1, "HTTP 429")])
def test_answer_updates_its_delivery_by_primary_key(ledger, outcome):
    insert_run(ledger, DeliveryState.SENDING)
    with ledger.write() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.position > FINISHED).values(attempt="a"))
    (plan,) = update_plans(ledger, outcome)
    assert "delivery_pkey" in plan or "SEARCH delivery USING PRIMARY KEY" in plan
    assert not [index for index in INDEXES.values() if index in plan]
    with ledger.read() as connection:
        ended = select(DELIVERY.c.state).where(DELIVERY.c.position > FINISHED)
        assert connection.execute(ended).scalar_one() == ("accepted" if isinstance(outcome, Accepted) else "pending")


def update_plans(ledger: Ledger, outcome: Outcome) -> list[str]:
    """Return the plans of the updates that record an outcome."""
    claimed = create_claimed_delivery(
        opaque_id="o",
        attempt="a",
        run="r",
        position=FINISHED + 1,
        member_id=f"m{FINISHED + 1}",
        channel=Channel.EMAIL,
        address="aino@example.org",
    )
    plans = []
    with ledger.write() as connection:
        explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN (FORMAT JSON)"

        @event.listens_for(connection, "before_cursor_execute")
        def explain_update(_connection, cursor, statement, parameters, *_):
            if "UPDATE delivery" in statement:
                cursor.execute(f"{explain} {statement}", parameters[0] if isinstance(parameters, list) else parameters)
                plans.append(json.dumps(cursor.fetchall(), default=tuple))

        record_answers(connection, 1, [DeliveryAnswer(claimed, outcome, NOW)], "double")
    return plans
