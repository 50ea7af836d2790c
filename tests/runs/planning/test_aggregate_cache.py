"""Aggregate cache: same counts as without it, no purchase read twice, no stale totals."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from campaigns.core.model.enums import Language
from campaigns.runs.planning.aggregate_cache import AggregateCache
from campaigns.runs.planning.audience_count import AudienceCount, count_audience
from campaigns.runs.planning.query_session import QuerySession
from tests.support.sample_workspace import MEMBERS, NOW, SampleWorkspace

pytestmark = pytest.mark.long

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


def _count(workspace: SampleWorkspace, rule: str, at: datetime, cache: AggregateCache | None) -> AudienceCount:
    path = workspace.root / "config" / "audiences" / "sample.yaml"
    path.write_text(f"title: Sample\nmatch: {{{rule}}}\n", encoding="utf-8")
    workspace.engine.context.reload_files()
    question = workspace.engine.queries.count_query("sample", at)
    with closing(workspace.engine.context.repository.warehouse.connect(at)) as connection:
        return count_audience(
            QuerySession(connection, cache=cache), question, workspace.engine.queries.snapshot(), Language.EN
        )


def _cache_files(cache: AggregateCache) -> set[Path]:
    return set(cache.folder.glob("*.parquet"))


@pytest.mark.parametrize("rule", RULES)
def test_counts_with_the_cache_equal_counts_without_it(shop: SampleWorkspace, rule: str) -> None:
    cache = shop.engine.queries.aggregate_cache
    for at in (NOW - timedelta(days=12), NOW, NOW + timedelta(hours=3), NOW, NOW + timedelta(days=1)):
        assert _count(shop, rule, at, cache) == _count(shop, rule, at, None)


def test_later_count_with_another_limit_reads_no_purchases(shop: SampleWorkspace) -> None:
    cache = shop.engine.queries.aggregate_cache
    before = _count(shop, "bought: {where: {department: MEAT}, within: 90 days, spend: {at_least: 20}}", NOW, cache)
    files_before = _cache_files(cache)
    for path in shop.engine.context.workspace.warehouse.glob("purchases-*.parquet"):
        content = path.read_bytes()
        path.write_bytes(content[:4] + bytes(200) + content[204:])  # unreadable except for its footer
    later = NOW + timedelta(hours=1)
    after = _count(shop, "bought: {where: {department: MEAT}, within: 90 days, spend: {at_least: 45}}", later, cache)
    assert 0 < after.matched < before.matched
    assert _cache_files(cache) == files_before


def test_new_import_is_counted(shop: SampleWorkspace) -> None:
    cache = shop.engine.queries.aggregate_cache
    rule = "shopped: {within: 3 days, visits: {at_least: 1}}"
    before = _count(shop, rule, NOW, cache)
    shop.import_rows(
        "purchases", [{**_line(1), "member_id": member, "basket_id": f"new-{member}"} for member in MEMBERS]
    )
    after = _count(shop, rule, NOW, cache)
    assert after == _count(shop, rule, NOW, None)
    assert after.matched > before.matched


def test_sweep_deletes_the_cache_files(shop: SampleWorkspace) -> None:
    cache = shop.engine.queries.aggregate_cache
    before = _count(shop, RULES[0], NOW, cache)
    assert _cache_files(cache)
    warehouse = shop.engine.context.repository.warehouse
    with warehouse.write_lock():
        warehouse.delete_superseded()
    assert not _cache_files(cache)
    assert _count(shop, RULES[0], NOW, cache) == before
