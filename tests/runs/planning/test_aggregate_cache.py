"""Kept totals: the same answers as without, nothing read twice, and nothing kept that is not true any more."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.core.model.enums import Language
from campaigns.runs.planning.aggregate_cache import AggregateCache
from campaigns.runs.planning.audience_count import AudienceCount, count_audience
from campaigns.runs.planning.query_session import QuerySession
from tests.support.sample_workspace import MEMBERS, NOW, SampleWorkspace

RULES = (
    "shopped: {within: 56 days, visits: {at_least: 2}}",
    "bought: {where: {department: MEAT}, within: 90 days, spend: {at_least: 45}}",
    "bought: {where: {brand: Private}, within: 90 days, share_of_spend: {at_least: 0.4}}",
    "not: {bought: {where: {department: [MEAT, SEAFOOD]}, from: 2017-12-01, to: 2017-12-20, quantity: {at_most: 3}}}",
    "all: [{shopped: {last: {before: 20 days ago}}}, {bought: {within: 400 days, products: {at_least: 2}}}]",
)
PRODUCTS = [
    {"product_id": "p1", "department": "MEAT", "brand": "Private", "product_category": "BEEF", "product_type": "MINCE"},
    {
        "product_id": "p2",
        "department": "GROCERY",
        "brand": "National",
        "product_category": "TEA",
        "product_type": "TEA",
    },
]


@pytest.fixture
def shop(workspace: SampleWorkspace) -> SampleWorkspace:
    workspace.import_rows("products", PRODUCTS)
    workspace.import_rows("purchases", [_line(number) for number in range(240)])
    return workspace


def _line(number: int) -> dict[str, object]:
    return {
        "member_id": MEMBERS[number * 7 % 20],
        "purchased_at": (NOW - timedelta(hours=9 * number + 1)).isoformat(),
        "basket_id": f"b{number // 2}",
        "product_id": f"p{number % 3 // 2 + 1}",
        "quantity": number % 4 + 1,
        "amount": f"{number % 11}.50",
        "store_id": "s1",
    }


def _ask(workspace: SampleWorkspace, rule: str, at: datetime, kept: AggregateCache | None) -> AudienceCount:
    path = workspace.root / "config" / "audiences" / "asked.yaml"
    path.write_text(f"title: Asked\nmatch: {{{rule}}}\n", encoding="utf-8")
    workspace.engine.context.reload_files()
    question = workspace.engine.queries.count_query("asked", at)
    with closing(workspace.engine.context.repository.warehouse.connect(at)) as connection:
        return count_audience(
            QuerySession(connection, cache=kept), question, workspace.engine.queries.snapshot(), Language.EN
        )


def _files(kept: AggregateCache) -> set[Path]:
    return set(kept.folder.glob("*.parquet"))


@pytest.mark.parametrize("rule", RULES)
def test_answers_are_those_of_the_purchases(shop: SampleWorkspace, rule: str) -> None:
    kept = shop.engine.queries.aggregate_cache
    for at in (NOW - timedelta(days=12), NOW, NOW + timedelta(hours=3), NOW, NOW + timedelta(days=1)):
        assert _ask(shop, rule, at, kept) == _ask(shop, rule, at, None)


def test_an_hour_later_and_with_another_limit_no_purchase_is_read(shop: SampleWorkspace) -> None:
    kept = shop.engine.queries.aggregate_cache
    before = _ask(shop, "bought: {where: {department: MEAT}, within: 90 days, spend: {at_least: 20}}", NOW, kept)
    written = _files(kept)
    for path in shop.engine.context.workspace.warehouse.glob("purchases-*.parquet"):
        path.write_bytes(path.read_bytes()[:4] + bytes(200) + path.read_bytes()[204:])  # unreadable, but for its footer
    later = NOW + timedelta(hours=1)
    after = _ask(shop, "bought: {where: {department: MEAT}, within: 90 days, spend: {at_least: 45}}", later, kept)
    assert 0 < after.matched < before.matched
    assert _files(kept) == written


def test_another_import_is_seen(shop: SampleWorkspace) -> None:
    kept = shop.engine.queries.aggregate_cache
    rule = "shopped: {within: 3 days, visits: {at_least: 1}}"
    before = _ask(shop, rule, NOW, kept)
    shop.import_rows(
        "purchases", [{**_line(1), "member_id": member, "basket_id": f"new-{member}"} for member in MEMBERS]
    )
    after = _ask(shop, rule, NOW, kept)
    assert after == _ask(shop, rule, NOW, None)
    assert after.matched > before.matched


def test_a_sweep_forgets_them(shop: SampleWorkspace) -> None:
    kept = shop.engine.queries.aggregate_cache
    asked = _ask(shop, RULES[0], NOW, kept)
    assert _files(kept)
    warehouse = shop.engine.context.repository.warehouse
    with warehouse.write_lock():
        warehouse.delete_superseded()
    assert not _files(kept)
    assert _ask(shop, RULES[0], NOW, kept) == asked
