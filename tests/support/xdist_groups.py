"""Groups of tests that run in one process, because their shared fixture is slow; all others are distributed singly.

The process that distributes tests knows their node ids only. A test that uses a fixture of `GROUPS` and does not match
the pattern fails the collection.
"""

import re
from typing import Final

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

GROUPS: Final = {
    "browser": r"tests/web/test_\w*browser\w*\.py",
    "demo_files": r"tests/demo/test_\w+\.py",
    "demonstration": r"tests/e2e/test_(example_campaigns|demo_reports)\.py|"
    r"tests/e2e/test_demo_command\.py::test_demo_continues_|tests/demo/counts/|tests/docs/test_command_lines\.py::test_command_line_runs_",
    "used_workspace": r"tests/cli/test_private_files\.py",
    "written": r"tests/people/test_erased_files\.py",
}
"""Node ids of a group, by the fixture that they share."""
_GROUP: Final = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in GROUPS.items()))


class GroupScheduling(LoadScopeScheduling):
    """Deals out groups whole and the largest first, so that no process waits for another at the end."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid


def group_of(nodeid: str) -> str | None:
    """Return the group of a test."""
    match = _GROUP.match(nodeid)
    return match.lastgroup if match else None


def require_group(nodeid: str, fixtures: frozenset[str]) -> None:
    """Raise UsageError when a test shares something that costs much with no group."""
    for fixture in GROUPS.keys() & fixtures:
        if group_of(nodeid) != fixture:
            raise pytest.UsageError(f"{nodeid} uses `{fixture}`: add it to the group in tests/support/xdist_groups.py")
