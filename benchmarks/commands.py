"""Benchmark of the command line's response time."""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.timing import best_of_rounds, print_figure
from campaigns.workspace.scaffold import create_demo_workspace

_CAMPAIGNS = 100


def measure() -> None:
    """Report the time of `--help`, and of a check of many campaigns."""
    with TemporaryDirectory() as folder:
        root = Path(folder, "workspace")
        workspace = create_demo_workspace(root)
        examples = workspace.campaign_files()
        for number in range(_CAMPAIGNS - len(examples)):
            shutil.copyfile(examples[number % len(examples)], workspace.campaigns / f"copy_{number}.yaml")
        figures = best_of_rounds(
            {
                "viesti --help": lambda: _viesti(root, "--help"),
                f"viesti check of {_CAMPAIGNS} campaigns": lambda: _viesti(root, "check"),
            },
            rounds=3,
        )
    for name, (clock, _) in figures.items():
        print_figure(name, f"{clock:.2f} s")


def _viesti(root: Path, command: str) -> None:
    code = "from campaigns.cli.main import run; run()"
    subprocess.run([sys.executable, "-c", code, command], cwd=root, check=True, capture_output=True)  # noqa: S603
