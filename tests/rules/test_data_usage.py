"""Which data a rule reads."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.core.model.enums import DataClass
from campaigns.rules.data_usage import DataUsage, data_usage
from campaigns.rules.scope import RuleScope
from tests.support.rule_source import CATALOGUE, parsed

HELSINKI = ZoneInfo("Europe/Helsinki")
BASKET, TOTALS, PROFILE, CONTACT = DataClass.BASKET, DataClass.TOTALS, DataClass.PROFILE, DataClass.CONTACT


def used(rule: str) -> DataUsage:
    audiences = {
        "active_members": parsed("{shopped: {visits: {at_least: 2}}}"),
        "beauty_buyers": parsed("{all: [{audience: active_members}, {bought: {where: {department: COSMETICS}}}]}"),
    }
    as_of = datetime(2018, 1, 1, tzinfo=HELSINKI)
    return data_usage(parsed(rule), RuleScope(as_of=as_of, zone=HELSINKI, catalogue=CATALOGUE, audiences=audiences))


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
def test_classes(rule: str, classes: set[DataClass]) -> None:
    assert used(rule).data_classes == classes


def test_columns_are_those_that_are_read() -> None:
    rule = "{bought: {where: {department: MEAT}, of: {product_category: BEEF}, share_of_spend: {at_least: 0.5}}}"
    assert used(rule).columns == {
        ("purchases", "member_id"),
        ("purchases", "purchased_at"),
        ("purchases", "basket_id"),
        ("purchases", "amount"),
        ("products", "department"),
        ("products", "product_category"),
    }
    assert used("{age: 18}").columns == {("members", "birth_date")}


def test_audiences_are_followed() -> None:
    assert used("{not: {audience: beauty_buyers}}").audiences == {"beauty_buyers", "active_members"}


def test_messages_and_tracking() -> None:
    assert (used("{received: {}}").reads_messages, used("{received: {}}").reads_clicks) == (True, False)
    assert (used("{not: {clicked: {}}}").reads_messages, used("{not: {clicked: {}}}").reads_clicks) == (True, True)
    assert (used("{region: Lappi}").reads_messages, used("{region: Lappi}").reads_clicks) == (False, False)
