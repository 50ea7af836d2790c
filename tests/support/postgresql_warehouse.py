"""A world in PostgreSQL."""

from collections.abc import Mapping

import sqlalchemy as sa

from campaigns.core.model.condition import Condition
from campaigns.rules.compile import compile_for
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from tests.support.rule_world import RuleWorld, Truth
from tests.support.warehouse_rows import WarehouseRows


class PostgresWorld:
    """Holds one world and nothing else; the tables are DuckDB's, whose types have the same names here."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.laid = WarehouseRows()
        with engine.begin() as connection:
            for table, columns in self.laid.tables.items():
                typed = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
                connection.execute(sa.DDL(f"CREATE TABLE {table} ({typed})"))

    def show(self, world: RuleWorld) -> None:
        self.laid.show(world)
        with self.engine.begin() as connection:
            for table, columns in self.laid.tables.items():
                connection.execute(sa.DDL(f"TRUNCATE {table}"))
                if rows := self.laid.rows(table):
                    into = sa.table(table, *map(sa.column, columns))
                    connection.execute(sa.insert(into), [dict(zip(columns, row, strict=True)) for row in rows])

    def answers(self, conditions: Mapping[str, Condition], scope: RuleScope) -> dict[str, dict[str, Truth]]:
        compiled = compile_for(select_conditions(conditions, scope), "postgresql")
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text(compiled.sql), dict(compiled.parameters)).all()
        return {label: {row[0]: row[1 + index] for row in rows} for index, label in enumerate(conditions)}
