"""A world in Spark, which reads it from Parquet files as it reads the warehouse."""

from collections.abc import Mapping
from pathlib import Path

from audiences.warehouse.spark import SparkWarehouse
from campaigns.core.model.condition import Condition
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from tests.support.rule_world import RuleWorld, Truth
from tests.support.warehouse_rows import WarehouseRows


class SparkWorld:
    """Holds one world and nothing else, in files below a folder; each world has files of its own."""

    def __init__(self, spark: SparkWarehouse, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        self.laid = WarehouseRows()
        self._shown = 0

    def show(self, world: RuleWorld) -> None:
        self.laid.show(world)
        self._shown += 1
        for table, types in self.laid.tables.items():
            file = self.folder / f"{table}-{self._shown}.parquet"
            self.laid.write(table, file)
            self.spark.register_files(table, types, [file])

    def answers(self, conditions: Mapping[str, Condition], scope: RuleScope) -> dict[str, dict[str, Truth]]:
        rows = self.spark.fetch_batches(select_conditions(conditions, scope)).read_all()
        members = rows.column("member_id").to_pylist()
        return {label: dict(zip(members, rows.column(label).to_pylist(), strict=True)) for label in conditions}
