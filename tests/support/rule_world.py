"""Small warehouse for rules: members and their events as plain values, and loaded into DuckDB."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import duckdb

from campaigns.core.model.condition import Condition
from campaigns.rules.compile import compile_for
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions

Truth = bool | None


@dataclass(frozen=True, kw_only=True)
class Member:
    """One row of `population`."""

    member_id: str
    register: str = "customers"
    first_name: str | None = None
    postal_code: str | None = None
    region: str | None = None
    birth_date: date | None = None
    member_since: date | None = None
    last_login: datetime | None = None
    app_user: bool | None = None
    household_size: int | None = None
    bonus_last_month: Decimal | None = None
    no_purchase_detail: bool | None = False
    tracking: bool | None = False


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One row of `receipts`; instants are naive UTC everywhere."""

    member_id: str | None
    purchased_at: datetime
    basket_id: str = "b1"
    store_id: str = "s1"
    amount: Decimal | None = Decimal("1.00")
    quantity: Decimal | None = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of `purchase_lines`; the product's columns are None when the product is not known."""

    member_id: str | None
    purchased_at: datetime
    basket_id: str = "b1"
    product_id: str | None = "p1"
    quantity: Decimal | None = Decimal(1)
    amount: Decimal | None = Decimal("1.00")
    store_id: str = "s1"
    department: str | None = None
    brand: str | None = None
    product_category: str | None = None


@dataclass(frozen=True, kw_only=True)
class SentMessage:
    """One row of `history`."""

    member_id: str
    sent_at: datetime
    campaign: str = "win_back"
    purpose: str = "marketing"
    channel: str = "email"


@dataclass(frozen=True, kw_only=True)
class Click:
    """One row of `clicks`."""

    member_id: str
    clicked_at: datetime
    campaign: str = "win_back"
    purpose: str = "marketing"
    channel: str = "email"


@dataclass(frozen=True, kw_only=True)
class RuleWorld:
    """All data that a rule can use."""

    members: Sequence[Member] = ()
    receipts: Sequence[Receipt] = ()
    lines: Sequence[Line] = ()
    sent: Sequence[SentMessage] = ()
    clicks: Sequence[Click] = ()


_TABLES: dict[str, tuple[type, str]] = {
    "population": (Member, "members"),
    "receipts": (Receipt, "receipts"),
    "purchase_lines": (Line, "lines"),
    "history": (SentMessage, "sent"),
    "clicks": (Click, "clicks"),
}
_TYPES = {
    "purchased_at": "TIMESTAMP",
    "sent_at": "TIMESTAMP",
    "clicked_at": "TIMESTAMP",
    "last_login": "TIMESTAMP",
    "birth_date": "DATE",
    "member_since": "DATE",
    "amount": "DECIMAL(12,2)",
    "quantity": "DECIMAL(12,3)",
    "bonus_last_month": "DECIMAL(12,2)",
    "household_size": "INTEGER",
    "app_user": "BOOLEAN",
    "no_purchase_detail": "BOOLEAN",
    "tracking": "BOOLEAN",
}


class Engine(Protocol):
    """Rule engine that holds one world."""

    def show(self, world: RuleWorld) -> None:
        """Replace the engine's data by this world."""

    def answers(self, conditions: Mapping[str, Condition], scope: RuleScope) -> dict[str, dict[str, Truth]]:
        """Return the answer of each labelled rule for each member."""


class DuckdbWorld:
    """Rule engine of DuckDB in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        for table, (kind, _) in _TABLES.items():
            columns = ", ".join(f"{column.name} {_TYPES.get(column.name, 'VARCHAR')}" for column in fields(kind))
            self.connection.execute(f"CREATE TABLE {table} ({columns})")

    def __enter__(self) -> "DuckdbWorld":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def show(self, world: RuleWorld) -> None:
        for table, (kind, rows) in _TABLES.items():
            self.connection.execute(f"DELETE FROM {table}")
            self._insert(table, [column.name for column in fields(kind)], getattr(world, rows))

    def _insert(self, table: str, columns: Sequence[str], rows: Iterable[Any]) -> None:
        values = [[getattr(row, column) for column in columns] for row in rows]
        if values:
            placeholders = f"({', '.join('?' * len(columns))})"
            parameters = [value for row in values for value in row]
            self.connection.execute(f"INSERT INTO {table} VALUES {', '.join([placeholders] * len(values))}", parameters)

    def answers(self, conditions: Mapping[str, Condition], scope: RuleScope) -> dict[str, dict[str, Truth]]:
        """Return the answer of each labelled rule for each member."""
        compiled = compile_for(select_conditions(conditions, scope), "duckdb")
        rows = self.connection.execute(compiled.sql, dict(compiled.parameters)).fetchall()
        labels = list(conditions)
        return {label: {row[0]: row[1 + index] for row in rows} for index, label in enumerate(labels)}
