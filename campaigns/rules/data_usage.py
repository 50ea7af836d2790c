"""Data that a rule reads: checked against members' choices and partner restrictions, and shown to readers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Birthday, Condition, FieldIs, Heard, Shopping
from campaigns.core.model.enums import DataClass
from campaigns.rules.age import AGE, BIRTH_DATE
from campaigns.rules.expand_audiences import inlined
from campaigns.rules.operators.measures import BOUGHT, MEASURES, Total
from campaigns.rules.scope import Scope
from campaigns.rules.traverse import audiences_in, leaves, share_base

_COLUMNS: Final[dict[Total, str]] = {
    Total.LINES: "basket_id",
    Total.VISITS: "basket_id",
    Total.SPEND: "amount",
    Total.BASE: "amount",
    Total.QUANTITY: "quantity",
    Total.PRODUCTS: "product_id",
    Total.FIRST: "purchased_at",
    Total.LAST: "purchased_at",
}


@dataclass(frozen=True, slots=True)
class Uses:
    """Data classes and columns (table, column) that a rule reads, including through its audiences.

    `audiences` are those it refers to, directly or not. `messages`: it reads messages sent to the member; `tracking`:
    it reads the member's clicks.
    """

    classes: frozenset[DataClass]
    columns: frozenset[tuple[str, str]]
    audiences: frozenset[str]
    messages: bool
    tracking: bool


def uses(condition: Condition, scope: Scope) -> Uses:
    """Return the data that the rule reads; raise UserError as `expand_audiences` does."""
    conditions = list(leaves(inlined(condition, scope.audiences, scope.salt)))
    columns = frozenset(_columns(conditions, scope.catalogue))
    verbs = {leaf.verb for leaf in conditions if isinstance(leaf, Heard)}
    return Uses(
        classes=frozenset(_classes(conditions, columns, scope.catalogue)),
        columns=columns,
        audiences=audiences_in(condition, scope.audiences),
        messages=bool(verbs),
        tracking="clicked" in verbs,
    )


def _classes(
    conditions: Iterable[Condition], columns: Iterable[tuple[str, str]], catalogue: Catalogue
) -> Iterator[DataClass]:
    for leaf in conditions:
        if isinstance(leaf, Shopping):  # C7 forbids `bought` as a whole, whatever class a single column has
            yield DataClass.BASKET if leaf.source == BOUGHT else DataClass.TOTALS
    for table, name in columns:
        yield catalogue.tables[table].columns[name].data_class


def _columns(conditions: Iterable[Condition], catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for leaf in conditions:
        match leaf:
            case FieldIs(column=column):
                yield "members", BIRTH_DATE if column == AGE else column
            case Birthday():
                yield "members", BIRTH_DATE
            case Shopping():
                yield from _purchase_columns(leaf, catalogue)


def _purchase_columns(purchases: Shopping, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    table = "purchases" if purchases.source == BOUGHT else "receipts"
    kinds = {Total.LINES}.union(*(MEASURES[word].totals for word, _ in purchases.measures))
    names = {"member_id", "purchased_at", *(_COLUMNS[kind] for kind in kinds)}
    if purchases.source == BOUGHT:
        names |= {where.column for where in (*purchases.where, *share_base(purchases))}
    for name in names:
        for owner in (table, "products"):
            if name in catalogue.tables[owner].columns:
                yield owner, name
                break
