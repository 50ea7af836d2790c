"""Generator of a co-operative of a stated size: `python -m benchmarks.scale --fraction 0.1`.

At full size: 3.6 million members, 365 days of a million receipts, 90 days of 9.4 million purchase lines; for some
members the full retention period, five years of receipts and 400 days of lines. The data is written straight into the
files that an import would write.
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import duckdb

from audiences.warehouse.warehouse import WHOLE_TABLE, Warehouse
from benchmarks import copied_members, purchase_generator
from benchmarks.world import AS_OF, World
from campaigns.demo.data.dataset import connect
from campaigns.demo.run_demo import import_demo_files, workspace_at
from campaigns.runs.engine import Engine

FOLDER = Path("data/benchmarks")


def generate(world: World, folder: Path) -> None:
    """Generate the world; replace an existing one."""
    base = _base(folder / "base")
    shutil.rmtree(world.root, ignore_errors=True)
    warehouse = Engine.open(workspace_at(world.root), "benchmark").context.repository.warehouse
    with connect() as connection, warehouse.write_lock():
        connection.execute("SET memory_limit = '6GB'")
        copied_members.create_crowd(connection, base, world.members)
        copied_members.write_ledger(connection, world)  # first: fails at once if the base is older than the tables
        purchase_generator.create_diaries(connection)
        warehouse.publish_state(_write_warehouse(connection, world, warehouse, base), AS_OF)
    world.completion_file.write_text(json.dumps({"fraction": world.fraction}), "ascii")


def regenerate_ledger(world: World, folder: Path) -> None:
    """Generate the world's ledger again, and leave its warehouse."""
    with connect() as connection:
        copied_members.create_crowd(connection, _base(folder / "base"), world.members)
        copied_members.write_ledger(connection, world)


def _write_warehouse(
    connection: duckdb.DuckDBPyConnection, world: World, warehouse: Warehouse, base: Engine
) -> dict[str, dict[str, list[Path]]]:
    """Write every file; return them by table and part."""
    files: dict[str, dict[str, list[Path]]] = {"receipts": {}, "purchases": {}}
    for month in purchase_generator.months():
        name = f"{month:%Y-%m}"
        for table, query in (
            ("receipts", purchase_generator.receipts_query),
            ("purchases", purchase_generator.lines_query),
        ):
            buyers = purchase_generator.buyer_count(table, month, world.members)
            if buyers:
                query_text = query(connection, month, buyers)
                files[table][name] = warehouse.write_files(connection, query_text, table, name)
        print(name, flush=True)
    members, products = warehouse.new_file_path("members"), warehouse.new_file_path("products")
    copied_members.write_profile(connection, base, members)
    (stored,) = base.context.repository.warehouse.manifest().files("products")
    shutil.copyfile(base.context.workspace.warehouse / stored, products)
    return {**files, "members": {WHOLE_TABLE: [members]}, "products": {WHOLE_TABLE: [products]}}


def _base(root: Path) -> Engine:
    """Open the demonstration's workspace; import its data once."""
    engine = Engine.open(workspace_at(root), "benchmark")
    if not engine.context.repository.warehouse.manifest().files("purchases"):
        for name, _ in import_demo_files(engine.context, print):
            print(name, flush=True)
    return engine


def sizes(world: World) -> Iterator[tuple[str, int, int]]:
    """Generate the name, rows and bytes of each table."""
    engine = world.engine()
    with connect() as connection:
        for table in ("members", "receipts", "purchases"):
            paths = [
                engine.context.workspace.warehouse / name
                for name in engine.context.repository.warehouse.manifest().files(table)
            ]
            row = connection.execute("SELECT count(*) FROM read_parquet(?)", [list(map(str, paths))]).fetchone()
            yield table, int(row[0]) if row else 0, sum(path.stat().st_size for path in paths)
    yield "ledger", world.members, engine.context.workspace.ledger.stat().st_size


def main() -> None:
    """Generate a world, and print its size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--fraction", type=float, default=0.1)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--ledger", action="store_true", help="generate only the ledger again")
    options = parser.parse_args()
    world = World.for_fraction(options.fraction, options.folder)
    began = perf_counter()
    (regenerate_ledger if options.ledger else generate)(world, options.folder)
    for name, rows, size in sizes(world):
        print(f"{name:10} {rows:>13,} rows {size / 1e6:>9,.0f} MB")
    print(f"generated in {perf_counter() - began:,.0f} s: {world.root}")


if __name__ == "__main__":
    main()
