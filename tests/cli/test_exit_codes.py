"""Exit codes: 2 for a wrong command line, 1 for a user error, 3 with a traceback for an internal error."""

import pytest

from campaigns.runs.queries import Queries
from tests.support.shell import MONDAYS, Shell

USAGE_ERRORS = (
    "--nope",
    "plann letter",
    "plan",
    "plan letter --as-of friday",
    "plan letter --as-of 0001-01-01",
    "plan letter --as-of 9999-12-31",
    "audience count owners --as-of 2018-02-30",
    "calendar --days 0",
    "calendar --days many",
    "calendar --month 2018-13",
    "calendar --month 2018-02 --days 3",
    "report letter --language de",
    "schema recipe",
    "import cats cats.csv",
    "preview letter --members many",
    "preview letter --as-of 2018-01-05",
    "serve --port 70000",
    "requests --answer done",
    "member why m1 --language de",
    "member",
)


@pytest.mark.parametrize("command_line", USAGE_ERRORS)
def test_a_wrong_command_line_exits_with_2_and_usage(command_line: str, viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    result = viesti(*command_line.split(), code=2)
    assert result.out == ""
    assert "Usage: viesti" in result.err
    assert "Value error" not in result.err
    assert "Traceback" not in result.err


USER_ERRORS = {
    "plan nobody": "unknown_campaign",
    "plan leter": "unknown_campaign",
    "plan ../nobody.yaml": "unreadable",
    "plan /": "unknown_campaign",
    "audience count nobody": "unknown_audience",
    "audience count nobody.yaml": "unknown_audience",
    "send nothing": "unknown_run",
    "status nothing": "unknown_run",
    "report nothing": "unknown_run",
    "report nothing --all": "unknown_run",
    "report letter": "no_run",
    "approve nothing": "unknown_run",
    "pause nothing": "unknown_run",
    "check nobody.yaml": "unreadable",
    "check config": "not_a_file",
    "import members nobody.csv": "file_missing",
    "import members config": "not_a_file",
    "member export m01 --out config": "unwritable",
    "member export m01 --out config/settings.yaml/export.json": "unwritable",
    "db backup config/settings.yaml/backup.sqlite": "unwritable",
}


TOO_LONG = "x" * 300
TAKING_PATHS = (
    f"check {TOO_LONG}", f"import members {TOO_LONG}", f"calls {TOO_LONG}", f"db backup {TOO_LONG}", f"init {TOO_LONG}"
)  # fmt: skip


@pytest.mark.parametrize("command_line", TAKING_PATHS, ids=lambda line: line.removesuffix(f" {TOO_LONG}"))
def test_a_name_too_long_for_a_file_exits_with_1(command_line: str, viesti: Shell) -> None:
    assert "[name_too_long]" in viesti(*command_line.split(), code=1).err


@pytest.mark.parametrize("command_line", [f"plan {TOO_LONG}", f"audience count {TOO_LONG}"], ids=["plan", "audience"])
def test_a_name_too_long_for_a_file_is_no_campaign_and_no_audience(command_line: str, viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    assert "[unknown_" in viesti(*command_line.split(), code=1).err


@pytest.mark.parametrize("command_line", USER_ERRORS)
def test_a_missing_thing_exits_with_1_and_its_code(
    command_line: str, viesti: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(viesti.root)
    viesti.write("letter", MONDAYS)
    result = viesti(*command_line.split(), code=1)
    assert f"[{USER_ERRORS[command_line]}]" in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


def test_a_missing_workspace_is_reported_with_viesti_init(nowhere: Shell) -> None:
    result = nowhere("status", code=1)
    assert "[no_workspace]" in result.err
    assert "viesti init DIR" in result.err


def test_an_internal_error_exits_with_3_and_a_traceback(viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_error(_: Queries) -> None:
        raise RuntimeError("the cat sat on it")

    monkeypatch.setattr(Queries, "recent_runs", raise_error)
    result = viesti("status", code=3)
    assert "Traceback" in result.err
    assert "the cat sat on it" in result.err
    assert "a fault of viesti itself" in result.err
