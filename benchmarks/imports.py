"""Imports of a million purchase lines: as the import wants them, and from another system by a mapping.

`python -m benchmarks.imports [LINES]`
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from audiences.imports.mapping import load_mapping
from benchmarks.timing import peak_megabytes, print_figure, time_work
from campaigns.runs.engine import Engine
from campaigns.workspace.import_data import import_data
from campaigns.workspace.scaffold import create_demo_workspace

_LINES: Final = """
    select 'm' || (hash(n // 7) % 50000) as member_id,
           strftime(timestamp '2017-01-01' + interval (n * 31) second, '{form}') as purchased_at,
           'b' || (n // 7) as basket_id, 'p' || (hash(n) % 20000) as product_id, 1 + n % 3 as quantity,
           ((hash(n + 5) % 2000) / 100.0)::decimal(12, 2) as amount, 's' || (n % 40) as store_id
    from range({lines}) as numbers(n)
"""
_FOREIGN: Final = """
    select member_id as "Jäsennumero", purchased_at as "Ostopäivä", basket_id as "Kuitti", product_id as "Tuote",
           quantity as "Määrä", replace(amount::varchar, '.', ',') as "Summa", store_id as "Myymälä" from ({query})
"""
_MAPPING: Final = """
decimal: ","
columns: {Jäsennumero: member_id, Ostopäivä: purchased_at, Kuitti: basket_id, Tuote: product_id, Määrä: quantity,
  Summa: amount, Myymälä: store_id}
dates: {purchased_at: d.M.yyyy H:mm}
"""


def main() -> None:
    """Print the seconds, the lines a minute and the memory of each import into an empty workspace."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with TemporaryDirectory() as name:
        folder = Path(name)
        own, foreign, mapping = folder / "own.csv", folder / "foreign.csv", folder / "mapping.yaml"
        mapping.write_text(_MAPPING, encoding="utf-8")
        _write_files(own, foreign, lines)
        measure("UTF-8, commas", folder / "own", own, None, lines)
        measure("Windows-1252, semicolons, mapping", folder / "foreign", foreign, mapping, lines)


def _write_files(own: Path, foreign: Path, lines: int) -> None:
    with duckdb.connect() as connection:
        query = _LINES.format(lines=lines, form="%Y-%m-%d %H:%M")
        connection.execute(f"copy ({query}) to '{own}' (header)")
        query = _FOREIGN.format(query=_LINES.format(lines=lines, form="%d.%m.%Y %H:%M"))
        connection.execute(f"copy ({query}) to '{foreign}' (header, delimiter ';')")
    foreign.write_bytes(foreign.read_text(encoding="utf-8").encode("cp1252"))


def measure(title: str, root: Path, file: Path, mapping: Path | None, lines: int) -> None:
    """Print the figures of one import."""
    engine = Engine.open(create_demo_workspace(root), "benchmark")
    columns = None if mapping is None else load_mapping(mapping)
    wall, cpu = time_work(lambda: import_data(engine.context, "purchases", file, mapping=columns))
    engine.close()
    print_figure(title, f"{wall:.1f} s, cpu {cpu:.1f} s")
    print_figure("  lines a minute", f"{lines / wall * 60 / 1e6:.1f} M")
    print_figure("  peak memory so far", f"{peak_megabytes():.0f} MB")


if __name__ == "__main__":
    main()
