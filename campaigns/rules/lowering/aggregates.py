"""Aggregates over receipts, lines, messages, clicks and coupons: one scan for all aggregates of the same rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import Subquery, TableClause

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import RowFilter, TimeWindow
from campaigns.core.model.enums import ColumnType
from campaigns.rules.as_of import EvaluationTime
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import AggregateKind
from campaigns.rules.operators.operator import SQL_TYPES, Operand

_TEXT, _DECIMAL, _TIMESTAMP = ColumnType.TEXT, ColumnType.DECIMAL, ColumnType.TIMESTAMP
_LINE: Final = {"basket_id": _TEXT, "product_id": _TEXT, "quantity": _DECIMAL, "amount": _DECIMAL}
_MESSAGE: Final = {"campaign": _TEXT, "purpose": _TEXT, "channel": _TEXT}


@dataclass(frozen=True, slots=True)
class EventTable:
    """Table with one row an event. `retention_table` is the catalogue's table whose retention limits it."""

    table: str
    time_column: str
    columns: Mapping[str, ColumnType]
    retention_table: str


EVENT_TABLES: Final[dict[str, EventTable]] = {
    "bought": EventTable("purchase_lines", "purchased_at", _LINE, "purchases"),
    "shopped": EventTable("receipts", "purchased_at", _LINE, "receipts"),
    "received": EventTable("history", "sent_at", _MESSAGE, "history"),
    "clicked": EventTable("clicks", "clicked_at", _MESSAGE, "clicks"),
    "redeemed": EventTable("redemptions", "redeemed_at", {"offer_id": _TEXT}, "redemptions"),
}


def _count_visits(table: TableClause) -> FunctionElement[Any]:
    # `receipts` holds one row a basket, and counting rows is many times faster than counting distinct baskets.
    return sa.func.count() if table.name == "receipts" else sa.func.count(sa.distinct(table.c.basket_id))


_FUNCTIONS: Final[dict[AggregateKind, Callable[[TableClause], FunctionElement[Any]]]] = {
    AggregateKind.LINES: lambda _: sa.func.count(),
    AggregateKind.VISITS: _count_visits,
    AggregateKind.SPEND: lambda table: sa.func.sum(table.c.amount),
    AggregateKind.QUANTITY: lambda table: sa.func.sum(table.c.quantity),
    AggregateKind.PRODUCTS: lambda table: sa.func.count(sa.distinct(table.c.product_id)),
    AggregateKind.FIRST: lambda table: sa.func.min(table.c.purchased_at),
    AggregateKind.LAST: lambda table: sa.func.max(table.c.purchased_at),
}


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Rows of an event table that match `where` and lie in `window`."""

    source: str
    where: tuple[RowFilter, ...]
    window: TimeWindow


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Aggregate over a row selection; equal aggregates are computed once."""

    rows: RowSelection
    kind: AggregateKind


def retention_of(source: str, catalogue: Catalogue) -> timedelta | None:
    """Return the retention of the rows read by `bought`, `shopped`, `received` and the like; None: no limit."""
    table = EVENT_TABLES[source].retention_table
    return catalogue.retention(table) if table in catalogue.tables else None


@dataclass(frozen=True, slots=True)
class AggregateScan:
    """One scan of a row selection, grouped by member, with a column for each aggregate.

    Each row selection has a scan of its own, which reads only the days and products it needs. The result does not
    depend on the rest of the rule, so it can be cached.
    """

    catalogue: Catalogue
    moment: EvaluationTime
    members: tuple[str, ...]

    def subquery(self, rows: RowSelection, kinds: Iterable[AggregateKind], name: str) -> Subquery:
        """Return the grouped subquery: `member_id` and a column named after each aggregate."""
        table = self._table(rows.source)
        query = sa.select(table.c.member_id, *(_FUNCTIONS[kind](table).label(kind) for kind in kinds)).where(
            table.c.member_id.is_not(None), *self._comparisons(rows, table)
        )
        if self.members:
            query = query.where(table.c.member_id.in_(self.members))
        return query.group_by(table.c.member_id).subquery(name)

    def _comparisons(self, rows: RowSelection, table: TableClause) -> Iterator[ColumnElement[bool]]:
        lower, upper = self.moment.bounds(rows.window, retention_of(rows.source, self.catalogue))
        time = Operand(table.c[EVENT_TABLES[rows.source].time_column], ColumnType.TIMESTAMP)
        if lower is not None:
            yield time.value >= time.bind(lower)
        yield time.value < time.bind(upper)
        types = self._types(rows.source)
        for row_filter in rows.where:
            for comparison in row_filter.comparisons:
                operand = Operand(table.c[row_filter.column], types[row_filter.column])
                yield OPERATORS[comparison.keyword].lower(operand, comparison.argument, self.moment)

    def _types(self, source: str) -> Mapping[str, ColumnType]:
        catalogue_columns = self.catalogue.line_columns if source == "bought" else {}
        event_columns = {
            "member_id": _TEXT,
            EVENT_TABLES[source].time_column: _TIMESTAMP,
            **EVENT_TABLES[source].columns,
        }
        return event_columns | {name: column.type for name, column in catalogue_columns.items()}

    def _table(self, source: str) -> TableClause:
        types = self._types(source)
        return sa.table(
            EVENT_TABLES[source].table, *(sa.column(name, SQL_TYPES[type_]) for name, type_ in types.items())
        )
