"""Commands for the ledger as a whole: upgrade, backup, restore and copy, through files and databases."""

from pathlib import Path

import pytest

from tests.support.shell import MONDAYS, Shell

AS_OF = "2018-01-01T10:00"
RUN = "letter-20180101T0800Z"


@pytest.fixture
def planned(viesti: Shell) -> Shell:
    """Shell in a workspace with a planned run and a published campaign."""
    viesti.write("letter", MONDAYS)
    viesti("plan", "letter", "--as-of", AS_OF)
    viesti("publish", "letter")
    return viesti


def _move_ledger_away(shell: Shell) -> Path:
    data, away = shell.root / "data", shell.root.parent / "old"
    away.mkdir()
    for file in data.glob("ledger.sqlite*"):
        file.rename(away / file.name)
    return away / "ledger.sqlite"


def test_upgrade_says_that_the_tables_are_up_to_date(planned: Shell) -> None:
    before = planned.stored_state()
    assert planned("db", "upgrade").out == "the ledger's tables are up to date\n"
    assert planned.stored_state() == before


def test_a_backup_restored_into_an_empty_ledger_is_suspended(planned: Shell, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    said = planned("db", "backup", file).out
    assert f"rows are in {file}, including all personal data" in said
    _move_ledger_away(planned)
    restored = planned("db", "restore", file).out
    assert "delivery" in restored
    assert "Paused runs: 0. Campaigns off the schedule: 1." in restored
    assert "find out before you resume or publish anything" in restored
    assert planned("status", RUN, "--json").json["state"] == "planned"


def test_a_backup_is_not_restored_over_rows(planned: Shell, tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    planned("db", "backup", file)
    before = planned.stored_state()
    assert "[not_empty]" in planned("db", "restore", file, code=1).err
    assert planned.stored_state() == before


def test_a_copy_takes_over_and_the_old_ledger_is_suspended(planned: Shell, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    said = planned("ledger", "copy", "--to", f"sqlite:///{target}").out
    assert "Paused runs: 0. Campaigns off the schedule: 1." in said
    assert "VIESTI_DATABASE_URL names it" in said
    assert "off the schedule" not in planned("status").out
    _move_ledger_away(planned)
    target.rename(planned.root / "data" / "ledger.sqlite")
    assert planned("status", RUN, "--json").json["state"] == "planned"
