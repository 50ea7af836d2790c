"""The aggregates that a rule asks of receipts, purchase lines and messages: one scan of a table serves them all."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Subquery, TableClause

from campaigns.rules.moment import Moment
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import Total
from campaigns.rules.operators.operator import SQL_TYPES, Operand
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.condition import Where, Window
from campaigns.spec.words import ColumnType

_TEXT, _DECIMAL, _TIMESTAMP = ColumnType.TEXT, ColumnType.DECIMAL, ColumnType.TIMESTAMP
_LINE: Final = {"basket_id": _TEXT, "product_id": _TEXT, "quantity": _DECIMAL, "amount": _DECIMAL}
_MESSAGE: Final = {"campaign": _TEXT, "purpose": _TEXT, "channel": _TEXT}


@dataclass(frozen=True, slots=True)
class Source:
    """A table with a row an event. `kept_as` is the catalogue's table whose retention limits it."""

    table: str
    time: str
    columns: Mapping[str, ColumnType]
    kept_as: str


SOURCES: Final[dict[str, Source]] = {
    "bought": Source("purchase_lines", "purchased_at", _LINE, "purchases"),
    "shopped": Source("receipts", "purchased_at", _LINE, "receipts"),
    "received": Source("history", "sent_at", _MESSAGE, "history"),
    "clicked": Source("clicks", "clicked_at", _MESSAGE, "clicks"),
}


def _visits(table: TableClause) -> FunctionElement[Any]:
    # `receipts` holds one row a basket: counting rows is many times faster than counting distinct baskets.
    return sa.func.count() if table.name == "receipts" else sa.func.count(sa.distinct(table.c.basket_id))


_FUNCTIONS: Final[dict[Total, Callable[[TableClause], FunctionElement[Any]]]] = {
    Total.LINES: lambda _: sa.func.count(),
    Total.VISITS: _visits,
    Total.SPEND: lambda table: sa.func.sum(table.c.amount),
    Total.QUANTITY: lambda table: sa.func.sum(table.c.quantity),
    Total.PRODUCTS: lambda table: sa.func.count(sa.distinct(table.c.product_id)),
    Total.FIRST: lambda table: sa.func.min(table.c.purchased_at),
    Total.LAST: lambda table: sa.func.max(table.c.purchased_at),
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A total over the rows of a source that pass `where` and fall into `window`; equal ones are computed once."""

    source: str
    total: Total
    where: tuple[Where, ...]
    window: Window


def kept(source: str, catalogue: Catalogue) -> timedelta | None:
    """How long the rows that `bought`, `shopped`, `received` or `clicked` reads are kept; None: without limit."""
    table = SOURCES[source].kept_as
    return catalogue.retention(table) if table in catalogue.tables else None


class Scan:
    """One pass over one source, grouped by member, with a column for each aggregate."""

    def __init__(self, source: str, catalogue: Catalogue, moment: Moment, members: Iterable[str]) -> None:
        self._source = SOURCES[source]
        self._name = f"{source}_by_member"
        self._moment = moment
        self._members = list(members)
        self._retention = kept(source, catalogue)
        self._lines = catalogue.line if source == "bought" else {}
        self._table = self._make_table()

    def run(self, aggregates: Iterable[Aggregate]) -> tuple[Subquery, dict[Aggregate, ColumnElement[Any]]]:
        """The grouped subquery, and where in it each aggregate stands."""
        labels = {aggregate: f"{aggregate.total}_{number}" for number, aggregate in enumerate(aggregates, 1)}
        passing = self._passing(labels)
        member_id = self._table.c.member_id
        query = sa.select(
            member_id,
            *(self._column(aggregate, passing, len(passing) > 1).label(label) for aggregate, label in labels.items()),
        ).where(member_id.is_not(None), sa.or_(*passing.values()))
        if self._members:
            query = query.where(member_id.in_(self._members))
        subquery = query.group_by(member_id).subquery(self._name)
        return subquery, {aggregate: subquery.c[label] for aggregate, label in labels.items()}

    def _passing(self, aggregates: Iterable[Aggregate]) -> "dict[_Rows, ColumnElement[bool]]":
        """The test of each distinct choice of rows; made once, so that its parameters are bound once."""
        rows = dict.fromkeys((aggregate.where, aggregate.window) for aggregate in aggregates)
        return {(where, window): self._test(where, window) for where, window in rows}

    def _column(
        self, aggregate: Aggregate, passing: "dict[_Rows, ColumnElement[bool]]", filtered: bool
    ) -> ColumnElement[Any]:
        total = _FUNCTIONS[aggregate.total](self._table)
        if not filtered:  # the query's own WHERE says the same
            return total
        return sa.funcfilter(total, passing[aggregate.where, aggregate.window])

    def _test(self, where: tuple[Where, ...], window: Window) -> ColumnElement[bool]:
        lower, upper = self._moment.bounds(window, self._retention)
        time = Operand(self._table.c[self._source.time], ColumnType.TIMESTAMP)
        tests = [] if lower is None else [time.value >= time.bound(lower)]
        tests.append(time.value < time.bound(upper))
        tests.extend(
            OPERATORS[test.word].lower(
                Operand(self._table.c[each.column], self._type(each.column)), test.argument, self._moment
            )
            for each in where
            for test in each.tests
        )
        return sa.and_(*tests)

    def _type(self, column: str) -> ColumnType:
        return self._lines[column].type if column in self._lines else self._source.columns[column]

    def _make_table(self) -> TableClause:
        types = {"member_id": _TEXT, self._source.time: _TIMESTAMP, **self._source.columns}
        types |= {name: column.type for name, column in self._lines.items()}
        return sa.table(self._source.table, *(sa.column(name, SQL_TYPES[type_]) for name, type_ in types.items()))


_Rows = tuple[tuple[Where, ...], Window]
