"""Special categories of purchases take part in nothing (FI-12), and restricted goods are offered to nobody.

The sample workspace is observed twice: as it is, and with members who buy medicine by the basket. Every count, plan,
offer and explanation that a marketer sees is the same in both.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.runs.planning.run_files import FrozenFields
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

CAMPAIGN = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience:
  any:
    - bought: {within: 90 days, visits: {at_least: 1}}
    - bought: {within: 90 days, spend: {at_most: 20}, visits: {at_most: 99}}
    - bought: {within: 90 days, quantity: {less_than: 5}, visits: {at_most: 99}}
    - bought: {where: {product_category: {starts_with: PHARM}}}
    - bought: {where: {product_type: {contains: x}}, products: {at_most: 3}}
    - bought: {where: {brand: Private}, share_of_spend: {at_least: 0 percent}}
    - bought: {last: {before: 2017-12-31}}
channels: [email]
variants:
  - {name: many, when: {bought: {products: {at_least: 2}}}, email: offers}
  - {name: medicine, when: {bought: {where: {department: HEALTH}}}, email: offers}
  - {name: all, email: offers}
offers: {at_most: 4}
"""


def import_medicine(workspace: SampleWorkspace) -> None:
    """Let every second member buy mostly medicine, under category names in several spellings."""
    workspace.import_rows(
        "products",
        [
            {
                "product_id": product,
                "department": "HEALTH",
                "brand": "Private",
                "product_category": category,
                "product_type": "x-pills",
            }
            for product, category in (("PILLS", "PHARMACY"), ("DROPS", "Pharmacy"))
        ],
    )
    workspace.import_rows(
        "purchases",
        [
            {
                "member_id": member,
                "purchased_at": "2017-12-28T12:00",
                "basket_id": f"{member}-{product}",
                "product_id": product,
                "quantity": 9,
                "amount": "99.00",
                "store_id": "s1",
            }
            for member in MEMBERS[::2]
            for product in ("PILLS", "DROPS", "PHARMACY")
        ],
    )


def decisions(workspace: SampleWorkspace) -> Any:
    run, tally = workspace.plan("hi", CAMPAIGN)
    return workspace.decisions(run), tally


def fields(workspace: SampleWorkspace) -> Any:
    """Return the fields frozen for the templates, with the offers in their order."""
    run, tally = workspace.plan("hi", CAMPAIGN)
    frozen = FrozenFields(workspace.engine.run_definitions.files(run).fields)
    rows = [frozen.row(position) for position in range(1, tally.sent + 1)]
    frozen.close()
    assert any(row["offers"] for row in rows)
    return rows


def explanations(workspace: SampleWorkspace) -> Any:
    workspace.write_campaign("hi", CAMPAIGN)
    draft, _ = workspace.engine.context.repository.campaign_definition("hi")
    return [
        workspace.engine.queries.explain(draft, member, workspace.clock.time, Language.EN) for member in MEMBERS[:3]
    ]


def counts(workspace: SampleWorkspace) -> Any:
    path = workspace.root / "config" / "audiences" / "buyers.yaml"
    match = CAMPAIGN[CAMPAIGN.index("audience:") : CAMPAIGN.index("channels:")].replace("audience:", "match:")
    path.write_text("title: {fi: x, sv: x, en: x}\n" + match, encoding="utf-8")
    workspace.reload()
    return workspace.engine.queries.count(
        workspace.engine.queries.count_query("buyers", workspace.clock.time), Language.EN
    )


def category_values(workspace: SampleWorkspace) -> Any:
    """Return the values that rules may name."""
    return workspace.engine.context.repository.warehouse.categories()


def views(workspace: SampleWorkspace) -> Any:
    """Return every view of the warehouse except receipts, whose totals keep the amount."""
    with workspace.engine.context.repository.warehouse.connect(workspace.clock.time + timedelta(days=1)) as connection:
        names = ("members", "products", "purchase_lines")
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in names}


OBSERVATIONS: Mapping[str, Callable[[SampleWorkspace], Any]] = {
    function.__name__: function for function in (decisions, fields, explanations, counts, category_values, views)
}


@pytest.mark.long
@pytest.mark.parametrize("observe", OBSERVATIONS.values(), ids=OBSERVATIONS)
def test_fi12_medicine_purchases_change_no_observable_result(
    workspace: SampleWorkspace, observe: Callable[[SampleWorkspace], Any]
) -> None:
    before = observe(workspace)
    import_medicine(workspace)
    workspace.reload()
    assert observe(workspace) == before


@pytest.mark.hostile
def test_fi12_goods_that_the_register_does_not_know_are_not_found_by_their_number(workspace: SampleWorkspace) -> None:
    line = {"purchased_at": "2017-12-28T12:00", "quantity": 1, "amount": "9.00", "store_id": "s1"}
    bought = [{"member_id": "m01", "basket_id": f"b-{product}", "product_id": product} for product in ("PILLS", "SOAP")]
    workspace.import_rows("purchases", [line | each for each in bought])
    audience = workspace.root / "config" / "audiences" / "buyers.yaml"
    queries = workspace.engine.queries
    matched = {}
    for product in ("PILLS", "SOAP"):
        match = f"match: {{bought: {{where: {{product_id: {product}}}, within: 7 days}}}}\n"
        audience.write_text("title: {fi: x, sv: x, en: x}\n" + match, encoding="utf-8")
        workspace.reload()
        matched[product] = queries.count(queries.count_query("buyers", workspace.clock.time), Language.EN).matched
    assert matched["PILLS"] == 0 < matched["SOAP"]


def test_fi12_receipts_keep_their_total(workspace: SampleWorkspace) -> None:
    import_medicine(workspace)
    with workspace.engine.context.repository.warehouse.connect(workspace.clock.time) as connection:
        rows = connection.execute("SELECT sum(amount) FROM receipts WHERE member_id = 'm24'").fetchall()
    assert [float(amount) for (amount,) in rows] == [10.0]


OFFER = """\
offers:
  - {{id: {name}, title: {{fi: x, sv: x, en: x}}, text: {{fi: x, sv: x, en: x}}, price: 2.50, valid_from: 2017-12-20,
     valid_to: 2018-01-31, department: FOOD, product_category: {name}, image: offers/any.png}}
"""


@pytest.mark.parametrize("category", ["PHARMACY", "Pharmacy", "BEER", "beer"])
def test_fi20_special_and_restricted_goods_are_never_offered(workspace: SampleWorkspace, category: str) -> None:
    path: Path = workspace.root / "config" / "offers.yaml"
    path.write_text(OFFER.format(name=category).replace(f"id: {category}", "id: it"), encoding="utf-8")
    workspace.reload()
    with pytest.raises(UserError, match="never offered"):
        workspace.plan("hi", CAMPAIGN)


def test_fi20_buyer_of_only_special_goods_gets_the_offers_of_a_non_buyer(workspace: SampleWorkspace) -> None:
    campaign_for_all = CAMPAIGN.replace(
        CAMPAIGN[CAMPAIGN.index("audience:") : CAMPAIGN.index("channels:")],
        "audience: {register: [owners, customers]}\n",
    )
    run, _ = workspace.plan("hi", campaign_for_all)
    frozen = FrozenFields(workspace.engine.run_definitions.files(run).fields)
    reasons = {
        member: frozen.row(row["position"])["offer_reasons"]
        for member, row in workspace.decisions(run).items()
        if row["kind"] == "send"
    }
    frozen.close()
    assert set(reasons["m24"]) == set(reasons["m20"]) == {"p"}  # m20 bought nothing: what is popular
