"""A finding that was kept is the one that would be made, and is made anew when anything under it changed."""

from pathlib import Path

import pytest

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.workspace.check_cache import CheckCache
from tests.support.sample_workspace import SampleWorkspace

PROBLEM = Problem(FilePosition("templates/sms/hi/body.txt", 3, 7), "too long", "size", "say less", Severity.WARNING)

SMS = "channels: [sms]\ncontent: {sms: hello}\n"


def codes(workspace: SampleWorkspace, file: Path) -> list[str]:
    """What a command of its own finds now."""
    workspace.engine.context.reload_files()
    return sorted(
        {problem.code for problem in workspace.engine.context.repository.file_problems(file, workspace.clock.time)}
    )


class Finder:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> list[Problem]:
        self.asked += 1
        return [PROBLEM]


@pytest.fixture
def find() -> Finder:
    return Finder()


def test_what_was_found_is_found_again_by_another_process_without_looking(tmp_path, find):
    assert CheckCache(tmp_path, b"settings").get_or_check("sms-hi", "digest", find) == [PROBLEM]
    assert CheckCache(tmp_path, b"settings").get_or_check("sms-hi", "digest", find) == [PROBLEM]
    assert find.asked == 1


@pytest.mark.parametrize(("given", "name", "digest"), [(b"other", "a", "d"), (b"s", "b", "d"), (b"s", "a", "e")])
def test_it_is_looked_for_again_when_anything_changed(tmp_path, find, given, name, digest):
    CheckCache(tmp_path, b"s").get_or_check("a", "d", find)
    CheckCache(tmp_path, given).get_or_check(name, digest, find)
    assert find.asked == 2


@pytest.mark.parametrize("content", [b"", b"{", b'{"key": 1}', b"\xff"])
def test_a_broken_file_is_as_none(tmp_path, find, content):
    (tmp_path / "a.json").write_bytes(content)
    assert CheckCache(tmp_path, b"s").get_or_check("a", "d", find) == [PROBLEM]


def test_a_folder_that_cannot_be_made_hinders_nothing(tmp_path, find):
    (tmp_path / "file").write_text("not a folder")
    assert CheckCache(tmp_path / "file" / "below", b"s").get_or_check("a", "d", find) == [PROBLEM]


def test_a_changed_template_is_checked_again(workspace):
    file = workspace.write_campaign(
        "hi", 'purpose: marketing\nschedule: {at: "2018-01-05 10:30"}\naudience: {register: owners}\n' + SMS
    )
    body = workspace.root / "templates/sms/hello/body.txt"
    whole = body.read_text()
    assert "unknown_text" not in codes(workspace, file)
    body.write_text("[[ nowhere ]]")
    assert "unknown_text" in codes(workspace, file)
    body.write_text(whole)
    assert "unknown_text" not in codes(workspace, file)
