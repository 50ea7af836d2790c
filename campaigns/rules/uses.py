"""What data a rule touches: for choices that forbid it, partners that may not have it, and readers who ask."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from campaigns.rules.age import AGE, BIRTH_DATE
from campaigns.rules.inlining import inlined
from campaigns.rules.operators.measures import BOUGHT, MEASURES, Total
from campaigns.rules.scope import Scope
from campaigns.rules.tree import audiences_in, leaves, share_base
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.condition import Birthday, Condition, FieldIs, Heard, Shopping
from campaigns.spec.words import DataClass

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
    """The classes and the columns (table, column) a rule reads, its audiences followed.

    `audiences` are those followed; `messages` and `tracking` tell whether it asks what a member was sent, and what
    of it the member clicked.
    """

    classes: frozenset[DataClass]
    columns: frozenset[tuple[str, str]]
    audiences: frozenset[str]
    messages: bool
    tracking: bool


def uses(condition: Condition, scope: Scope) -> Uses:
    """What the rule reads; raises AuthorError as `inlined` does."""
    found = list(leaves(inlined(condition, scope.audiences, scope.salt)))
    columns = frozenset(_columns(found, scope.catalogue))
    verbs = {leaf.verb for leaf in found if isinstance(leaf, Heard)}
    return Uses(
        classes=frozenset(_classes(found, columns, scope.catalogue)),
        columns=columns,
        audiences=audiences_in(condition, scope.audiences),
        messages=bool(verbs),
        tracking="clicked" in verbs,
    )


def _classes(
    found: Iterable[Condition], columns: Iterable[tuple[str, str]], catalogue: Catalogue
) -> Iterator[DataClass]:
    for leaf in found:
        if isinstance(leaf, Shopping):  # whatever the catalogue calls a single column: C7 closes `bought` as a whole
            yield DataClass.BASKET if leaf.source == BOUGHT else DataClass.TOTALS
    for table, name in columns:
        yield catalogue.tables[table].columns[name].data_class


def _columns(found: Iterable[Condition], catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for leaf in found:
        match leaf:
            case FieldIs(column=column):
                yield "members", BIRTH_DATE if column == AGE else column
            case Birthday():
                yield "members", BIRTH_DATE
            case Shopping():
                yield from _of_shopping(leaf, catalogue)


def _of_shopping(shopping: Shopping, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    table = "purchases" if shopping.source == BOUGHT else "receipts"
    totals = {Total.LINES}.union(*(MEASURES[word].totals for word, _ in shopping.measures))
    names = {"member_id", "purchased_at", *(_COLUMNS[total] for total in totals)}
    if shopping.source == BOUGHT:
        names |= {where.column for where in (*shopping.where, *share_base(shopping))}
    for name in names:
        for each in (table, "products"):
            if name in catalogue.tables[each].columns:
                yield each, name
                break
