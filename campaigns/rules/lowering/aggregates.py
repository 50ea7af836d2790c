"""Aggregates over receipts, purchase lines, messages and clicks: one scan for all aggregates of the same rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Subquery, TableClause

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Where, Window
from campaigns.core.model.enums import ColumnType
from campaigns.rules.as_of import Moment
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import Total
from campaigns.rules.operators.operator import SQL_TYPES, Operand

_TEXT, _DECIMAL, _TIMESTAMP = ColumnType.TEXT, ColumnType.DECIMAL, ColumnType.TIMESTAMP
_LINE: Final = {"basket_id": _TEXT, "product_id": _TEXT, "quantity": _DECIMAL, "amount": _DECIMAL}
_MESSAGE: Final = {"campaign": _TEXT, "purpose": _TEXT, "channel": _TEXT}


@dataclass(frozen=True, slots=True)
class Source:
    """Table with one row an event. `retention_table` is the catalogue's table whose retention limits it."""

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


def _count_visits(table: TableClause) -> FunctionElement[Any]:
    # `receipts` holds one row a basket, and counting rows is many times faster than counting distinct baskets.
    return sa.func.count() if table.name == "receipts" else sa.func.count(sa.distinct(table.c.basket_id))


_FUNCTIONS: Final[dict[Total, Callable[[TableClause], FunctionElement[Any]]]] = {
    Total.LINES: lambda _: sa.func.count(),
    Total.VISITS: _count_visits,
    Total.SPEND: lambda table: sa.func.sum(table.c.amount),
    Total.QUANTITY: lambda table: sa.func.sum(table.c.quantity),
    Total.PRODUCTS: lambda table: sa.func.count(sa.distinct(table.c.product_id)),
    Total.FIRST: lambda table: sa.func.min(table.c.purchased_at),
    Total.LAST: lambda table: sa.func.max(table.c.purchased_at),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an event table that match `where` and lie in `window`."""

    source: str
    where: tuple[Where, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Aggregate over a row selection; equal aggregates are computed once."""

    rows: Rows
    total: Total


def kept(source: str, catalogue: Catalogue) -> timedelta | None:
    """Return the retention of the rows read by `bought`, `shopped`, `received` or `clicked`; None: no limit."""
    table = SOURCES[source].kept_as
    return catalogue.retention(table) if table in catalogue.tables else None


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a row selection, grouped by member, with a column for each aggregate.

    Each row selection has a scan of its own, which reads only the days and products it needs. The result does not
    depend on the rest of the rule, so it can be cached.
    """

    catalogue: Catalogue
    moment: Moment
    members: tuple[str, ...]

    def totals(self, rows: Rows, kinds: Iterable[Total], name: str) -> Subquery:
        """Return the grouped subquery: `member_id` and a column named after each aggregate."""
        table = self._table(rows.source)
        query = sa.select(table.c.member_id, *(_FUNCTIONS[kind](table).label(kind) for kind in kinds)).where(
            table.c.member_id.is_not(None), *self._comparisons(rows, table)
        )
        if self.members:
            query = query.where(table.c.member_id.in_(self.members))
        return query.group_by(table.c.member_id).subquery(name)

    def _comparisons(self, rows: Rows, table: TableClause) -> Iterator[ColumnElement[bool]]:
        lower, upper = self.moment.bounds(rows.window, kept(rows.source, self.catalogue))
        time = Operand(table.c[SOURCES[rows.source].time], ColumnType.TIMESTAMP)
        if lower is not None:
            yield time.value >= time.bound(lower)
        yield time.value < time.bound(upper)
        types = self._types(rows.source)
        for row_filter in rows.where:
            for comparison in row_filter.tests:
                operand = Operand(table.c[row_filter.column], types[row_filter.column])
                yield OPERATORS[comparison.word].lower(operand, comparison.argument, self.moment)

    def _types(self, source: str) -> Mapping[str, ColumnType]:
        catalogue_columns = self.catalogue.line if source == "bought" else {}
        event_columns = {"member_id": _TEXT, SOURCES[source].time: _TIMESTAMP, **SOURCES[source].columns}
        return event_columns | {name: column.type for name, column in catalogue_columns.items()}

    def _table(self, source: str) -> TableClause:
        types = self._types(source)
        return sa.table(SOURCES[source].table, *(sa.column(name, SQL_TYPES[type_]) for name, type_ in types.items()))
