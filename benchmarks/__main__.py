"""Measurements for `docs/performance.md`: `python -m benchmarks --fraction 0.1`."""

import argparse
from pathlib import Path

from benchmarks import commands, plans, ranking, selection
from benchmarks.scale import FOLDER, generate
from benchmarks.timing import print_figure
from benchmarks.world import World


def main() -> None:
    """Measure the given parts, or all; generate a missing world."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=["selection", "ranking", "plans", "commands", []])
    parser.add_argument("--fraction", type=float, default=0.1, help="fraction of 3.6 million members")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--campaign", action="append", help="campaign to plan; default: weekend_offer and bonus_paid")
    parser.add_argument("--database", help="URL of the database to use instead of SQLite; filled from the SQLite file")
    options = parser.parse_args()
    parts = options.parts or ["selection", "ranking", "plans", "commands"]
    world = World.for_fraction(options.fraction, options.folder)
    if parts != ["commands"]:
        if not world.exists:
            generate(world, options.folder)
        print_figure("of the co-operative", f"{world.fraction:.0%}")
    if "selection" in parts:
        selection.measure(world)
    if "ranking" in parts:
        ranking.measure(world)
    if "plans" in parts:
        for campaign in options.campaign or ["weekend_offer", "bonus_paid"]:
            plans.measure(world, campaign, options.database)
    if "commands" in parts:
        commands.measure()


if __name__ == "__main__":
    main()
