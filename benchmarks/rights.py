"""Benchmark of privacy requests: `python -m benchmarks.rights --fraction 1`.

Measures an export in each format, an erasure, and with `--night` the nightly job after it, for the long-known member
with the most purchases: five years of receipts, 400 days of lines. The world's files never change, so they are
hard-linked; its ledger is copied, or moved to the empty database of `--database`.
"""

import argparse
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.scale import FOLDER, generate
from benchmarks.timing import print_figure, time_work
from benchmarks.world import AS_OF, FIRST_MONTH, World
from campaigns.core.clock import Clock
from campaigns.core.model.enums import Language
from campaigns.operations.ledger_admin import copy_to
from campaigns.people.privacy import erasure
from campaigns.people.privacy.subject_access import collect_export
from campaigns.runs.engine import Engine
from campaigns.store.admin.database_url import URL_VARIABLE
from campaigns.web.members.data_pages import EXPORT_FORMATS, DataPages
from campaigns.web.page_renderer import PageRenderer
from campaigns.workspace.context import Context, Resources
from campaigns.workspace.paths import Workspace

_BUSIEST: Final = f"""
    SELECT member_id FROM receipts WHERE purchased_at < TIMESTAMP '{FIRST_MONTH}' + INTERVAL '1 month'
    AND member_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""


def measure(root: Path, *, night: bool) -> None:
    """Report the figures of a world that may be changed."""
    engine = _engine(root)
    with closing(engine.context.repository.warehouse.connect(AS_OF)) as connection:
        [(member,)] = connection.execute(_BUSIEST).fetchall()
    export = collect_export(engine.queries, member)
    row_counts = {name: len(rows) for name, rows in export.sections.items()}
    print_figure(
        "receipts, lines of the member; rows in all",
        f"{row_counts['receipts']}; {row_counts['purchases']}; {sum(row_counts.values()):,}",
    )
    pages = DataPages(PageRenderer(engine.context.repository.settings), engine.context.repository.catalogue)
    for export_format in EXPORT_FORMATS:
        _measure(f"an export as {export_format}", partial(_export, engine, pages, member, export_format))
    _measure("an erasure", lambda: erasure.erase(engine.context, member))
    if night:
        _measure("the nightly job after it", lambda: erasure.apply_retention(engine.context))
    engine.close()


def _export(engine: Engine, pages: DataPages, member: str, export_format: str) -> bytes:
    return pages.file_content(collect_export(engine.queries, member), export_format, Language.FI)


def _engine(root: Path) -> Engine:
    resources = Resources(Workspace(root), clock=Clock(read=lambda: AS_OF))
    return Engine(Context(resources, "benchmark"))


def _measure(name: str, work: Callable[[], object]) -> None:
    seconds, cpu = time_work(work)
    print_figure(name, f"{seconds:.2f} s, cpu {cpu:.2f} s")


@contextmanager
def _linked(world: World, folder: Path) -> Iterator[Path]:
    """Copy the world for changes, and delete the copy afterwards."""

    def link_or_copy(source: str, target: str) -> None:
        (os.link if source.endswith(".parquet") else shutil.copy2)(source, target)

    root = folder / f"{world.root.name}-rights"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(world.root, root, copy_function=link_or_copy)
    try:
        yield root
    finally:
        shutil.rmtree(root)


def main() -> None:
    """Measure in one world."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rights", description=__doc__)
    parser.add_argument("--fraction", type=float, default=0.1, help="fraction of 3.6 million members")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--database", metavar="URL", help="empty database to move the ledger to")
    parser.add_argument("--night", action="store_true", help="measure the nightly job, too")
    options = parser.parse_args()
    world = World.for_fraction(options.fraction, options.folder)
    if not world.exists:
        generate(world, options.folder)
    with _linked(world, options.folder) as root:
        print_figure("members", f"{world.members:,}")
        if options.database is not None:
            with closing(_engine(root)) as engine:
                copy_to(engine, options.database, lambda _rows: None)
            os.environ[URL_VARIABLE] = options.database
        measure(root, night=options.night)


if __name__ == "__main__":
    main()
