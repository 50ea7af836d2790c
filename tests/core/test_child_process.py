"""Functions in a child process: the same results and errors, and a kill that raises."""

import os
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from campaigns.core.child_process import run_in_child_process
from campaigns.core.errors import UserError
from campaigns.rendering.letters.typst import TypstDocument

pytestmark = pytest.mark.child_process
AT = datetime(2018, 1, 5, 10, 30, tzinfo=UTC)


def greeting_document(source: str) -> TypstDocument:
    """Return a document of one source with a name as its input."""
    return TypstDocument({"main.typ": source.encode()}, {"name": "Märta"})


def test_a_child_process_renders_the_same_bytes():
    greeting = greeting_document("= #sys.inputs.name\n#pagebreak()\n= Hyvää päivää")
    assert run_in_child_process(greeting.render_pdf, AT) == greeting.render_pdf(AT)


def test_an_error_in_a_child_process_has_the_same_problems():
    broken = greeting_document("fine\n#nothing-of-that-name")
    with pytest.raises(UserError) as direct:
        broken.render_pdf(AT)
    with pytest.raises(UserError) as in_child:
        run_in_child_process(broken.render_pdf, AT)
    assert in_child.value.problems == direct.value.problems


def test_a_killed_child_process_raises_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    interpreter = tmp_path / "killed"
    interpreter.write_text("#!/bin/sh\nkill -9 $$\n", "ascii")
    interpreter.chmod(0o700)
    monkeypatch.setattr("sys.executable", os.fspath(interpreter))
    with pytest.raises(CalledProcessError, match="SIGKILL"):
        run_in_child_process(greeting_document("fine").render_pdf, AT)
