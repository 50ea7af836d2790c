"""The layer contracts in pyproject.toml, which lint-imports checks, name every room."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_room_has_its_layer():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    placed = [name for layer in contracts[0]["layers"] for name in layer.split(" | ")]
    rooms = {f"campaigns.{path.parent.name}" for path in (ROOT / "campaigns").glob("*/__init__.py")}
    assert sorted(placed) == sorted(rooms | {"audiences"})
    assert len(rooms) <= 14
