"""Tests import what they share from tests/support: no test and no conftest is imported."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def _imported(module: Path) -> Iterator[str]:
    """Names of all modules that a module may import: `from a import b` may take the module `a.b`."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_test(name: str) -> bool:
    return name.startswith("tests.") and name.rpartition(".")[2].startswith(("test_", "conftest"))


def test_no_module_imports_a_test_or_a_conftest() -> None:
    modules = [path for folder in ("tests", "benchmarks", "tools") for path in sorted((ROOT / folder).rglob("*.py"))]
    forbidden = [
        f"{module.relative_to(ROOT)}: {name}" for module in modules for name in _imported(module) if _is_test(name)
    ]
    assert forbidden == []
