"""Rule engine of Spark, which reads a world from Parquet files."""

from collections.abc import Mapping
from pathlib import Path

from audiences.warehouse.spark import SparkWarehouse
from campaigns.core.model.condition import Condition
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from tests.support.rule_world import RuleWorld, Truth
from tests.support.warehouse_rows import WarehouseRows


class SparkWorld:
    """Rule engine of Spark that holds one world; each world has its own files below a folder."""

    def __init__(self, spark: SparkWarehouse, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        self.warehouse_rows = WarehouseRows()
        self._world_number = 0

    def show(self, world: RuleWorld) -> None:
        self.warehouse_rows.show(world)
        self._world_number += 1
        for table, types in self.warehouse_rows.tables.items():
            file = self.folder / f"{table}-{self._world_number}.parquet"
            self.warehouse_rows.write(table, file)
            self.spark.register_files(table, types, [file])

    def answers(self, conditions: Mapping[str, Condition], scope: RuleScope) -> dict[str, dict[str, Truth]]:
        rows = self.spark.fetch_batches(select_conditions(conditions, scope)).read_all()
        members = rows.column("member_id").to_pylist()
        return {label: dict(zip(members, rows.column(label).to_pylist(), strict=True)) for label in conditions}
