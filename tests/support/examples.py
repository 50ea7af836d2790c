"""Number of random examples of a test: all of them, or a tenth with `--hypothesis-profile fast`."""

from typing import Final

from hypothesis import settings

FAST: Final = "fast"
"""Name of the profile of `make fast` and `make test`."""

_USUAL: Final = 100
"""Default number of examples in hypothesis."""


def register_profiles() -> None:
    """Register the profile of `--hypothesis-profile fast`; without it every test runs all its examples."""
    settings.register_profile(FAST, max_examples=_USUAL // 10)


def examples(full: int) -> int:
    """Return `full`, or its share of it in the profile that is loaded."""
    return max(3, full * settings.default.max_examples // _USUAL)
