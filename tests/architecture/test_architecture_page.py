"""The house that the architecture describes is the one that stands."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_part_of_the_engine_has_its_line():
    house = (ROOT / "docs" / "architecture.md").read_text("utf-8").split("```")[1]
    parts = {
        path.stem for path in (ROOT / "campaigns").glob("[!_.]*") if any(path.glob("*.py")) or path.suffix == ".py"
    }
    assert parts - set(re.findall(r"\w+", house)) == set()
