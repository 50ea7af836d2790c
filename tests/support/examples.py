"""How many random examples a test is given: all of them, or a tenth with `--hypothesis-profile fast`."""

from typing import Final

from hypothesis import settings

FAST: Final = "fast"
"""Name of the profile of `make fast` and `make test`."""

_USUAL: Final = 100
"""Examples of a test that names no number, as hypothesis has it."""


def register_profiles() -> None:
    """Let `--hypothesis-profile fast` be asked for; without it every test gets all its examples."""
    settings.register_profile(FAST, max_examples=_USUAL // 10)


def examples(full: int) -> int:
    """Return `full`, or its share of it in the profile that is loaded."""
    return max(3, full * settings.default.max_examples // _USUAL)
