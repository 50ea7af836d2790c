"""Who runs what when the tests are shared out among processes, for xdist: first what one process does alone.

What is dear to make, a browser, a server or the imported demonstration, is made in the one process that runs all
tests of it. A worker's node ids are all that the controller hears; what a test is marked with stays in the worker.
"""

import re
from typing import Final

from xdist.scheduler.loadscope import LoadScopeScheduling

GROUPS: Final = {
    "demo": r"tests/e2e/|tests/demo/|tests/docs/test_command_lines\.py::test_a_command_line_runs",
    "browser": r"tests/web/test_\w*browser\w*\.py",
    "postgresql": r"tests/(store|results/feedback)/.*\[postgresql|tests/rules/engines/",
}
_NAMED: Final = re.compile("|".join(f"(?P<{name}>{of_it})" for name, of_it in GROUPS.items()))


class GroupScheduling(LoadScopeScheduling):
    """Groups go out whole and the largest first, so that nobody waits for one at the end; all other tests singly."""

    def _split_scope(self, nodeid: str) -> str:
        named = _NAMED.match(nodeid)
        return named.lastgroup if named and named.lastgroup else nodeid
