"""Published measurements: the machine, the whole register, and benchmarks that exist (A-27)."""

import re
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_PAGE: Final = (_ROOT / "docs" / "performance.md").read_text("utf-8")


def test_a27_the_measurements_name_machine_and_size_and_the_whole_register() -> None:
    opening = _PAGE.partition("## ")[0]
    assert re.search(r"machine of \d+ (shared )?cores and \d+ GB", opening)
    assert re.search(r"\| 1 \| 3,600,000 \|", _PAGE), "the whole register is measured, not only calculated"
    assert "all four agree on the members" in _PAGE, "a measurement is checked for correctness"


def test_every_benchmark_on_the_page_exists() -> None:
    named = set(re.findall(r"`(benchmarks/\w+\.py)`", _PAGE))
    assert named
    assert [name for name in sorted(named) if not (_ROOT / name).is_file()] == []
