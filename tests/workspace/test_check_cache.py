"""Cache of check results: reused while nothing changed, repeated after any change."""

from pathlib import Path

import pytest

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.workspace.check_cache import CheckCache
from tests.support.sample_workspace import SampleWorkspace

PROBLEM = Problem(FilePosition("templates/sms/hi/body.txt", 3, 7), "too long", "size", "say less", Severity.WARNING)

SMS = "channels: [sms]\ncontent: {sms: hello}\n"


def codes(workspace: SampleWorkspace, file: Path) -> list[str]:
    """Return the codes that a new command finds."""
    workspace.engine.context.reload_files()
    return sorted(
        {problem.code for problem in workspace.engine.context.repository.file_problems(file, workspace.clock.time)}
    )


class CountingCheck:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> list[Problem]:
        self.calls += 1
        return [PROBLEM]


@pytest.fixture
def check() -> CountingCheck:
    return CountingCheck()


def test_cached_problems_are_reused_by_another_process(tmp_path, check):
    assert CheckCache(tmp_path, b"settings").get_or_check("sms-hi", "digest", check) == [PROBLEM]
    assert CheckCache(tmp_path, b"settings").get_or_check("sms-hi", "digest", check) == [PROBLEM]
    assert check.calls == 1


@pytest.mark.parametrize(("settings", "name", "digest"), [(b"other", "a", "d"), (b"s", "b", "d"), (b"s", "a", "e")])
def test_a_change_of_settings_name_or_digest_repeats_the_check(tmp_path, check, settings, name, digest):
    CheckCache(tmp_path, b"s").get_or_check("a", "d", check)
    CheckCache(tmp_path, settings).get_or_check(name, digest, check)
    assert check.calls == 2


@pytest.mark.parametrize("content", [b"", b"{", b'{"key": 1}', b"\xff"])
def test_a_broken_cache_file_is_ignored(tmp_path, check, content):
    (tmp_path / "a.json").write_bytes(content)
    assert CheckCache(tmp_path, b"s").get_or_check("a", "d", check) == [PROBLEM]


def test_a_cache_folder_that_cannot_be_created_is_ignored(tmp_path, check):
    (tmp_path / "file").write_text("not a folder")
    assert CheckCache(tmp_path / "file" / "below", b"s").get_or_check("a", "d", check) == [PROBLEM]


def test_a_changed_template_is_checked_again(workspace):
    file = workspace.write_campaign(
        "hi", 'purpose: marketing\nschedule: {at: "2018-01-05 10:30"}\naudience: {register: owners}\n' + SMS
    )
    body = workspace.root / "templates/sms/hello/body.txt"
    original = body.read_text()
    assert "unknown_text" not in codes(workspace, file)
    body.write_text("[[ nowhere ]]")
    assert "unknown_text" in codes(workspace, file)
    body.write_text(original)
    assert "unknown_text" not in codes(workspace, file)
