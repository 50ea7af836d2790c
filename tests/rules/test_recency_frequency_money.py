"""Recency, frequency and money of purchases, over a window of any length (A-02)."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.rules.scope import RuleScope
from tests.support.examples import examples
from tests.support.rule_source import CATALOGUE, as_plain, parse_rule
from tests.support.rule_tables import AS_OF, AUDIENCES, HELSINKI, instant
from tests.support.rule_world import DuckdbWorld, Member, Receipt, RuleWorld

_SCOPE = RuleScope(as_of=AS_OF, zone=HELSINKI, catalogue=CATALOGUE, audiences=AUDIENCES, salt="campaign")
_MEMBERS = tuple(Member(member_id=f"m{number}") for number in range(10))
# Member n made n visits of 10 euros: on days n, 2n … of December; m0 none.
_RECEIPTS = tuple(
    Receipt(
        member_id=f"m{number}",
        basket_id=f"{number}-{visit}",
        purchased_at=instant("2017-12-31 12:00") - timedelta(days=number * visit),
        amount=Decimal("10.00"),
    )
    for number in range(10)
    for visit in range(1, number + 1)
)


def answers_of(receipts: tuple[Receipt, ...], days: int, frequency: int, money: int) -> dict[str, dict[str, object]]:
    rules = {
        "recency": {"shopped": {"last": {"within": f"{days} days"}}},
        "frequency": {"shopped": {"within": f"{days} days", "visits": {"at_least": frequency}}},
        "money": {"shopped": {"within": f"{days} days", "spend": {"at_least": money}}},
    }
    with DuckdbWorld() as warehouse:
        warehouse.show(RuleWorld(members=_MEMBERS, receipts=receipts))
        conditions = {label: parse_rule(as_plain(rule)) for label, rule in rules.items()}
        return {label: dict(answer) for label, answer in warehouse.answers(conditions, _SCOPE).items()}


def matched(answers: dict[str, object]) -> set[str]:
    return {member for member, answer in answers.items() if answer is True}


def test_a02_recency_frequency_and_money_follow_the_window() -> None:
    answers = answers_of(_RECEIPTS, 20, 3, 40)
    assert matched(answers["recency"]) == {f"m{number}" for number in range(1, 10)}
    assert matched(answers["frequency"]) == {"m3", "m4", "m5", "m6"}  # 3 visits of member n reach back 3n + 1 days
    assert matched(answers["money"]) == {"m4"}
    longer = answers_of(_RECEIPTS, 30, 3, 40)
    assert matched(longer["frequency"]) == {f"m{number}" for number in range(3, 10)}
    assert matched(longer["money"]) == {"m4", "m5", "m6", "m7"}


@given(receipts=st.permutations(_RECEIPTS))
@settings(max_examples=examples(10), deadline=None)
def test_a02_the_order_of_purchases_changes_no_score(receipts: list[Receipt]) -> None:
    assert answers_of(tuple(receipts), 20, 3, 40) == answers_of(_RECEIPTS, 20, 3, 40)
