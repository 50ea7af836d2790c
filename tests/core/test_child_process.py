"""Functions in a child process: the same results and errors, and a kill that raises."""

import os
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from campaigns.core.child_process import (
    ChildLimitError,
    ChildLimits,
    run_in_bounded_child_process,
    run_in_child_process,
)
from campaigns.core.errors import UserError
from campaigns.rendering.letters.typst import TypstDocument

pytestmark = pytest.mark.child_process
AT = datetime(2018, 1, 5, 10, 30, tzinfo=UTC)


def greeting_document(source: str) -> TypstDocument:
    """Return a document of one source with a name in a file beside it."""
    return TypstDocument({"main.typ": source.encode(), "name.txt": "Märta".encode()})


def test_a_child_process_renders_the_same_bytes():
    greeting = greeting_document('= #read("name.txt")\n#pagebreak()\n= Hyvää päivää')
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


LIMITS = ChildLimits(memory=500_000_000, cpu_seconds=2, seconds=20)


def test_a_bounded_child_process_returns_what_an_unbounded_one_does():
    assert run_in_bounded_child_process(LIMITS, sorted, [2, 1]) == [1, 2]


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("expression", "limits"),
    [
        ("bytes(2_000_000_000)", LIMITS),
        ("sum(range(10**12))", LIMITS),
        ("__import__('time').sleep(60)", ChildLimits(500_000_000, 10, 0.5)),
        ("__import__('os').kill(__import__('os').getpid(), 9)", LIMITS),
    ],
    ids=["memory", "processor", "clock", "killed"],
)
def test_a_child_process_that_exceeds_its_limits_is_stopped(
    expression: str, limits: ChildLimits, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(ChildLimitError):
        run_in_bounded_child_process(limits, eval, expression)
    assert capfd.readouterr().err == ""


def test_another_failure_of_a_bounded_child_process_is_shown(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(CalledProcessError):
        run_in_bounded_child_process(LIMITS, eval, "1 / 0")
    assert "ZeroDivisionError" in capfd.readouterr().err
