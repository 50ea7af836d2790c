"""The promises of `docs/security.md` name tests that exist; `docs/member-pages.md` describes every page."""

import re
from pathlib import Path
from typing import Final

import pytest

from campaigns.web.app import pages_app
from tests.support.routes import routes

_HERE: Final = Path(__file__).parent
_DOCS: Final = _HERE.parents[1] / "docs"
_NAMED: Final = sorted(set(re.findall(r"`(test_\w+\.py)::(\w+)`", (_DOCS / "security.md").read_text("utf-8"))))


@pytest.mark.parametrize(("file", "test"), _NAMED)
def test_a_promise_is_held_by_a_test_that_exists(file, test):
    written = [path.read_text("utf-8") for path in _HERE.parent.rglob(file)]
    assert any(re.search(rf"^(async )?def {test}\(", text, re.MULTILINE) for text in written)


def test_every_page_is_described(web_workspace):
    described = (_DOCS / "member-pages.md").read_text("utf-8")
    for route in routes(pages_app(web_workspace.engine)):
        first = route.path.split("/")[1]
        if first not in {"healthz", "readyz"}:  # they are in operating.md
            assert re.search(rf"^\| `/{first}(/<token>)?` ", described, re.MULTILINE), route.path
