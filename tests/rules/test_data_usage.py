"""Data usage of rules: data classes, columns, audiences, messages and clicks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.core.model.enums import DataClass
from campaigns.rules.data_usage import DataUsage, data_usage
from campaigns.rules.scope import RuleScope
from tests.support.rule_source import CATALOGUE, parse_rule

HELSINKI = ZoneInfo("Europe/Helsinki")
BASKET, TOTALS, PROFILE, CONTACT = DataClass.BASKET, DataClass.TOTALS, DataClass.PROFILE, DataClass.CONTACT


def usage_of(rule: str) -> DataUsage:
    audiences = {
        "active_members": parse_rule("{shopped: {visits: {at_least: 2}}}"),
        "beauty_buyers": parse_rule("{all: [{audience: active_members}, {bought: {where: {department: COSMETICS}}}]}"),
    }
    as_of = datetime(2018, 1, 1, tzinfo=HELSINKI)
    return data_usage(parse_rule(rule), RuleScope(as_of=as_of, zone=HELSINKI, catalogue=CATALOGUE, audiences=audiences))


@pytest.mark.parametrize(
    ("rule", "classes"),
    [
        ("{region: Lappi}", {PROFILE}),
        ("{age: {from: 18}}", {PROFILE}),
        ("{birthday: today}", {PROFILE}),
        ("{postal_code: {known: true}}", {CONTACT}),
        ("{bonus_last_month: {more_than: 0}}", {TOTALS}),
        ("{shopped: {}}", {TOTALS}),
        ("{bought: {}}", {BASKET}),
        ("{not: {bought: {visits: {at_most: 0}}}}", {BASKET}),
        ("{audience: active_members}", {TOTALS}),
        ("{any: [{region: Lappi}, {audience: beauty_buyers}]}", {PROFILE, TOTALS, BASKET}),
        ("{sample: 20 percent}", set()),
        ("{received: {}}", set()),
    ],
)
def test_a_rule_has_its_data_classes(rule: str, classes: set[DataClass]) -> None:
    assert usage_of(rule).data_classes == classes


def test_the_columns_of_a_rule_are_listed() -> None:
    rule = "{bought: {where: {department: MEAT}, of: {product_category: BEEF}, share_of_spend: {at_least: 0.5}}}"
    assert usage_of(rule).columns == {
        ("purchases", "member_id"),
        ("purchases", "purchased_at"),
        ("purchases", "basket_id"),
        ("purchases", "amount"),
        ("products", "department"),
        ("products", "product_category"),
    }
    assert usage_of("{age: 18}").columns == {("members", "birth_date")}


def test_audiences_within_audiences_are_listed() -> None:
    assert usage_of("{not: {audience: beauty_buyers}}").audiences == {"beauty_buyers", "active_members"}


def test_use_of_messages_and_clicks_is_listed() -> None:
    assert (usage_of("{received: {}}").reads_messages, usage_of("{received: {}}").reads_clicks) == (True, False)
    assert (usage_of("{not: {clicked: {}}}").reads_messages, usage_of("{not: {clicked: {}}}").reads_clicks) == (
        True,
        True,
    )
    assert (usage_of("{region: Lappi}").reads_messages, usage_of("{region: Lappi}").reads_clicks) == (False, False)
