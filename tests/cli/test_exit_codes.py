"""Exit 2 for what is typed wrong, 3 with its traceback for a fault of ours, and never anything else for those."""

import pytest

from campaigns.runs.queries import Queries
from tests.support.shell import MONDAYS, Shell

USAGE = (
    "--nope",
    "plann letter",
    "plan",
    "plan letter --as-of friday",
    "plan letter --as-of 0001-01-01",
    "plan letter --as-of 9999-12-31",
    "audience count owners --as-of 2018-02-30",
    "calendar --days 0",
    "calendar --days many",
    "schema recipe",
    "import cats cats.csv",
    "preview letter",
    "serve --port 70000",
    "requests --answer done",
    "member why m1 --language de",
    "member",
)


@pytest.mark.parametrize("typed", USAGE)
def test_what_is_typed_wrong_is_usage(typed: str, viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    said = viesti(*typed.split(), code=2)
    assert said.out == ""
    assert "Usage: viesti" in said.err
    assert "Value error" not in said.err
    assert "Traceback" not in said.err


AUTHORS = {
    "plan nobody": "unknown_campaign",
    "plan leter": "unknown_campaign",
    "plan ../nobody.yaml": "unreadable",
    "plan /": "unknown_campaign",
    "audience count nobody": "unknown_audience",
    "audience count nobody.yaml": "unknown_audience",
    "send nothing": "unknown_run",
    "status nothing": "unknown_run",
    "approve nothing": "unknown_run",
    "pause nothing": "unknown_run",
    "check nobody.yaml": "unreadable",
    "check config": "unreadable",
    "import members nobody.csv": "file_missing",
    "import members config": "file_missing",
    "member export m01 --out config": "unwritable",
    "member export m01 --out config/settings.yaml/export.json": "unwritable",
    "db backup config/settings.yaml/backup.sqlite": "unwritable",
}


@pytest.mark.parametrize("typed", AUTHORS)
def test_what_is_not_there_is_said_with_its_code(typed: str, viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(viesti.root)
    viesti.write("letter", MONDAYS)
    said = viesti(*typed.split(), code=1)
    assert f"[{AUTHORS[typed]}]" in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_no_workspace_is_said_with_the_way_to_one(nowhere: Shell) -> None:
    said = nowhere("status", code=1)
    assert "[no_workspace]" in said.err
    assert "viesti init DIR" in said.err


def test_a_fault_of_ours_shows_where_it_is(viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Queries) -> None:
        raise RuntimeError("the cat sat on it")

    monkeypatch.setattr(Queries, "recent_runs", fails)
    said = viesti("status", code=3)
    assert "Traceback" in said.err
    assert "the cat sat on it" in said.err
    assert "a fault of viesti itself" in said.err
