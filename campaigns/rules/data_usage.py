"""Data that a rule reads: checked against members' choices and partner restrictions, and shown to readers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import (
    Birthday,
    Condition,
    FieldCondition,
    MessageCondition,
    PurchaseCondition,
    RedemptionCondition,
)
from campaigns.core.model.enums import DataClass
from campaigns.rules.age import AGE, BIRTH_DATE
from campaigns.rules.expand_audiences import expand_audiences
from campaigns.rules.operators.measures import BOUGHT, MEASURES, AggregateKind
from campaigns.rules.scope import RuleScope
from campaigns.rules.traverse import leaves, referenced_audiences, share_base_filters

_COLUMNS: Final[dict[AggregateKind, str]] = {
    AggregateKind.LINES: "basket_id",
    AggregateKind.VISITS: "basket_id",
    AggregateKind.SPEND: "amount",
    AggregateKind.BASE: "amount",
    AggregateKind.QUANTITY: "quantity",
    AggregateKind.PRODUCTS: "product_id",
    AggregateKind.FIRST: "purchased_at",
    AggregateKind.LAST: "purchased_at",
}


@dataclass(frozen=True, slots=True)
class DataUsage:
    """Data classes and columns (table, column) that a rule reads, including through its audiences.

    `audiences` are those it refers to, directly or not. `messages`: it reads messages sent to the member; `tracking`:
    it reads the member's clicks.
    """

    data_classes: frozenset[DataClass]
    columns: frozenset[tuple[str, str]]
    audiences: frozenset[str]
    reads_messages: bool
    reads_clicks: bool


def data_usage(condition: Condition, scope: RuleScope) -> DataUsage:
    """Return the data that the rule reads; raise UserError as `expand_audiences` does."""
    conditions = list(leaves(expand_audiences(condition, scope.audiences, scope.salt)))
    columns = frozenset(_columns(conditions, scope.catalogue))
    verbs = {leaf.verb for leaf in conditions if isinstance(leaf, MessageCondition)}
    return DataUsage(
        data_classes=frozenset(_classes(conditions, columns, scope.catalogue)),
        columns=columns,
        audiences=referenced_audiences(condition, scope.audiences),
        reads_messages=bool(verbs),
        reads_clicks="clicked" in verbs,
    )


def _classes(
    conditions: Iterable[Condition], columns: Iterable[tuple[str, str]], catalogue: Catalogue
) -> Iterator[DataClass]:
    for leaf in conditions:
        if isinstance(leaf, PurchaseCondition):  # C7 forbids `bought` as a whole, whatever class a single column has
            yield DataClass.BASKET if leaf.source == BOUGHT else DataClass.TOTALS
        elif isinstance(leaf, RedemptionCondition):  # a coupon says what was bought
            yield DataClass.BASKET
    for table, name in columns:
        yield catalogue.tables[table].columns[name].data_class


def _columns(conditions: Iterable[Condition], catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for leaf in conditions:
        match leaf:
            case FieldCondition(column=column):
                yield "members", BIRTH_DATE if column == AGE else column
            case Birthday():
                yield "members", BIRTH_DATE
            case PurchaseCondition():
                yield from _purchase_columns(leaf, catalogue)


def _purchase_columns(purchases: PurchaseCondition, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    table = "purchases" if purchases.source == BOUGHT else "receipts"
    kinds = {AggregateKind.LINES}.union(*(MEASURES[word].aggregates for word, _ in purchases.measures))
    names = {"member_id", "purchased_at", *(_COLUMNS[kind] for kind in kinds)}
    if purchases.source == BOUGHT:
        names |= {where.column for where in (*purchases.where, *share_base_filters(purchases))}
    for name in names:
        for owner in (table, "products"):
            if name in catalogue.tables[owner].columns:
                yield owner, name
                break
