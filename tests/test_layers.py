"""The order of the layers, which lint-imports holds, leaves no part of Viesti out."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_module_has_its_place_in_the_order_of_imports():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    placed = [name for layer in contracts[0]["layers"] for name in layer.split(" | ")]
    modules = {f"campaigns.{path.stem}" for path in (ROOT / "campaigns").iterdir() if path.stem[0] not in "_."}
    assert sorted(placed) == sorted(modules | {"audiences"})
