"""Rule engine of PostgreSQL."""

from collections.abc import Mapping

import sqlalchemy as sa

from campaigns.core.model.condition import Condition
from campaigns.rules.compile import compile_for
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from tests.support.rule_world import RuleWorld, Truth
from tests.support.warehouse_rows import WarehouseRows


class PostgresWorld:
    """Rule engine of PostgreSQL that holds one world, in tables with DuckDB's column types."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.warehouse_rows = WarehouseRows()
        with engine.begin() as connection:
            for table, columns in self.warehouse_rows.tables.items():
                column_types = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
                connection.execute(sa.DDL(f"CREATE TABLE {table} ({column_types})"))

    def show(self, world: RuleWorld) -> None:
        self.warehouse_rows.show(world)
        with self.engine.begin() as connection:
            for table, columns in self.warehouse_rows.tables.items():
                connection.execute(sa.DDL(f"TRUNCATE {table}"))
                if rows := self.warehouse_rows.rows(table):
                    target = sa.table(table, *map(sa.column, columns))
                    connection.execute(sa.insert(target), [dict(zip(columns, row, strict=True)) for row in rows])

    def answers(self, conditions: Mapping[str, Condition], scope: RuleScope) -> dict[str, dict[str, Truth]]:
        compiled = compile_for(select_conditions(conditions, scope), "postgresql")
        with self.engine.connect() as connection:
            rows = connection.execute(sa.text(compiled.sql), dict(compiled.parameters)).all()
        return {label: {row[0]: row[1 + index] for row in rows} for index, label in enumerate(conditions)}
