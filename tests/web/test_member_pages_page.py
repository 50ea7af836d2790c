"""`docs/security.md` names existing tests, and `docs/member-pages.md` describes every page."""

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
def test_every_promise_names_an_existing_test(file, test):
    sources = [path.read_text("utf-8") for path in _HERE.parent.rglob(file)]
    assert any(re.search(rf"^(async )?def {test}\(", text, re.MULTILINE) for text in sources)


def test_every_page_is_documented(web_workspace):
    page = (_DOCS / "member-pages.md").read_text("utf-8")
    for route in routes(pages_app(web_workspace.engine)):
        prefix = route.path.split("/")[1]
        if prefix not in {"healthz", "readyz"}:  # they are in operating.md
            assert re.search(rf"^\| `/{prefix}(/<token>)?` ", page, re.MULTILINE), route.path
