"""Tiers `unit`, `integration` and `e2e`, told from what a test uses, and `smoke`, a chosen part of `e2e`."""

import re
from collections.abc import Sequence
from typing import Final

import pytest

TIERS: Final = ("e2e", "integration", "unit")
"""In the order in which they run: long tests first, so that no process waits for another at the end."""

E2E_FIXTURES: Final = frozenset({"browser", "demonstration", "postgresql_server"})
E2E_MARKS: Final = frozenset({"browser", "server_process", "spark"})
E2E_PARAMETERS: Final = frozenset({"postgresql", "spark"})
"""Parameters for which a fixture starts a server."""
INTEGRATION_FIXTURES: Final = frozenset({"tmp_path", "tmp_path_factory"})
"""Every file that a test writes is below one of them: workspaces, ledgers and warehouses, too."""
INTEGRATION_MARKS: Final = frozenset({"child_process", "loopback"})

GROUPS: Final = {"demonstration": "demonstration", "browser": "browser", "killed_town": "killed_town"}
"""Fixture that costs much, and the group of tests that one process runs because of it."""

SMOKE: Final = (
    r"tests/web/test_member_browser\.py::test_a_member_unsubscribes_",
    r"tests/runs/dispatch/test_crash\.py::test_op01_.*\[first dozen\]",
    r"tests/cli/test_serve\.py::test_serve_runs_published_campaigns_",
    r"tests/store/test_ledger\.py::.*\[postgresql",
    r"tests/store/test_dispatchers\.py::test_two_workers_share_.*\[postgresql",
    r"tests/runs/dispatch/test_claim\.py::test_two_campaigns_cannot_.*\[postgresql",
    r"tests/runs/planning/test_frequency_caps\.py::.*spawn.*\[postgresql",
)
"""What `make test` runs of `e2e`: one journey in a browser, a dozen kills, one server, both ledgers' contract."""
_SMOKE: Final = re.compile("|".join(SMOKE))


def mark_tiers(items: list[pytest.Item]) -> None:
    """Mark each test with its tier and its group, and put long tests first."""
    for item in items:
        tier = tier_of(_fixtures(item), {mark.name for mark in item.iter_markers()}, _parameters(item))
        item.add_marker(tier)
        if tier == "e2e" and _SMOKE.match(item.nodeid):
            item.add_marker("smoke")
        for fixture in GROUPS.keys() & _fixtures(item):
            item.add_marker(pytest.mark.xdist_group(GROUPS[fixture]))
    items.sort(key=lambda item: next(place for place, tier in enumerate(TIERS) if item.get_closest_marker(tier)))


def tier_of(fixtures: frozenset[str], marks: set[str], parameters: Sequence[object]) -> str:
    """Return the tier of a test that uses these fixtures, marks and parameters."""
    if fixtures & E2E_FIXTURES or marks & E2E_MARKS or any(each in E2E_PARAMETERS for each in parameters):
        return "e2e"
    if fixtures & INTEGRATION_FIXTURES or marks & INTEGRATION_MARKS:
        return "integration"
    return "unit"


def _fixtures(item: pytest.Item) -> frozenset[str]:
    return frozenset(getattr(item, "fixturenames", ()))


def _parameters(item: pytest.Item) -> Sequence[object]:
    callspec = getattr(item, "callspec", None)
    return [each for each in callspec.params.values() if isinstance(each, str)] if callspec else []
