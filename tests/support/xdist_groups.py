"""Groups of tests that run in one process, because their shared fixture is slow; all others are dealt by neighbours.

The process that distributes tests knows their node ids only. A test that uses a fixture of `GROUPS` and does not match
the pattern fails the collection.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

GROUPS: Final = {
    "browser": r"tests/web/test_\w*browser\w*\.py",
    "demo_files": r"tests/demo/test_\w+\.py",
    "demonstration": r"tests/e2e/test_(example_campaigns|demo_reports)\.py|"
    r"tests/e2e/test_demo_command\.py::test_demo_continues_|tests/demo/counts/|tests/docs/test_command_lines\.py::test_command_line_runs_",
    "used_workspace": r"tests/cli/test_private_files\.py",
    "written": r"tests/people/test_erased_files\.py",
}
"""Node ids of a group, by the fixture that they share."""
NEIGHBOURS: Final = 10
"""Tests of a module that are dealt at once, at most."""
SINGLE: Final = 300
"""Tests at the end that are dealt singly."""
_GROUP: Final = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in GROUPS.items()))


class GroupScheduling(LoadScopeScheduling):
    """Deals out groups whole, and of other tests, some neighbours at a time: they share the fixtures of their module.

    Tests keep their order, so that long ones begin first, and the last ones are dealt singly: no process waits long for
    another at the end. Its base would count all that was dealt again after each test.
    """

    def schedule(self) -> None:
        self.config.option.loadscopereorder = False
        super().schedule()

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {nodeid: place for place, nodeid in enumerate(self.collection or ())}

    @cached_property
    def _scopes(self) -> Mapping[str, str]:
        return scopes(self.collection or ())

    def _split_scope(self, nodeid: str) -> str:
        return self._scopes[nodeid]

    def _assign_work_unit(self, node: WorkerController) -> None:
        scope, unit = self.workqueue.popitem(last=False)
        self.assigned_work[node][scope] = unit
        node.send_runtest_some([self._places[nodeid] for nodeid, done in unit.items() if not done])

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        scope = self._scopes[self.registered_collections[node][item_index]]
        super().mark_test_complete(node, item_index, duration)
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]


def scopes(nodeids: Sequence[str]) -> Mapping[str, str]:
    """Return the name of the unit in which each test is dealt: its group, neighbours in its module, or itself."""
    found: dict[str, str] = {}
    unit, module, size = "", "", 0
    for place, nodeid in enumerate(nodeids):
        group = group_of(nodeid)
        before, module = module, "" if group else nodeid.partition("::")[0]
        if module == before and size < NEIGHBOURS and place < len(nodeids) - SINGLE:
            size += 1
        else:
            unit, size = nodeid, 1
        found[nodeid] = group or unit
    return found


def group_of(nodeid: str) -> str | None:
    """Return the group of a test."""
    match = _GROUP.match(nodeid)
    return match.lastgroup if match else None


def require_group(nodeid: str, fixtures: frozenset[str]) -> None:
    """Raise UsageError when a test shares something that costs much with no group."""
    for fixture in GROUPS.keys() & fixtures:
        if group_of(nodeid) != fixture:
            raise pytest.UsageError(f"{nodeid} uses `{fixture}`: add it to the group in tests/support/xdist_groups.py")
