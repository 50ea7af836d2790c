"""What another process does is what this one would have done, and its end is no end of ours."""

import os
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from campaigns.core.child_process import run_in_child_process
from campaigns.core.errors import UserError
from campaigns.rendering.letters.typst import TypstDocument

AT = datetime(2018, 1, 5, 10, 30, tzinfo=UTC)
HEADINGS = "query(heading).len()"


def sheets(source: str) -> TypstDocument:
    """Pages of one source that greet somebody."""
    return TypstDocument({"main.typ": source.encode()}, {"name": "Märta"})


def test_both_draw_the_same_bytes():
    greeting = sheets("= #sys.inputs.name\n#pagebreak()\n= Hyvää päivää")
    assert run_in_child_process(greeting.render_and_query, AT, HEADINGS) == greeting.render_and_query(AT, HEADINGS)


def test_what_typst_refuses_is_told_with_its_place():
    broken = sheets("fine\n#nothing-of-that-name")
    with pytest.raises(UserError) as here:
        broken.render_pdf(AT)
    with pytest.raises(UserError) as elsewhere:
        run_in_child_process(broken.render_and_query, AT, HEADINGS)
    assert elsewhere.value.problems == here.value.problems


def test_a_process_that_is_killed_leaves_an_error_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n", "ascii")
    killed.chmod(0o700)
    monkeypatch.setattr("sys.executable", os.fspath(killed))
    with pytest.raises(CalledProcessError, match="SIGKILL"):
        run_in_child_process(sheets("fine").render_and_query, AT, HEADINGS)
