"""Number of random examples of a test: all of them, or a tenth with `--hypothesis-profile fast`."""

from typing import Final

from hypothesis import HealthCheck, settings

FAST: Final = "fast"
"""Name of the profile of `make fast` and `make test`."""

_FULL: Final = "full"
_USUAL: Final = 100
"""Default number of examples in hypothesis."""


def register_profiles() -> None:
    """Register the profile of `--hypothesis-profile fast`; without it every test runs all its examples.

    No example has a deadline: on a busy machine any of them may wait for a second.
    """
    settings.register_profile(_FULL, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile(_FULL)
    settings.register_profile(FAST, max_examples=_USUAL // 10)


def examples(full: int) -> int:
    """Return `full`, or its share of it in the profile that is loaded."""
    return max(3, full * settings.default.max_examples // _USUAL)
