"""Commands `member export` and `member choices`: all data of a member, and changes on their behalf."""

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.shell import Shell


def rows(viesti: Shell, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(viesti.root / "data" / "ledger.sqlite")) as ledger:
        return ledger.execute(query).fetchall()


def test_c10_an_export_is_json_and_audited(viesti: Shell):
    export = json.loads(viesti("member", "export", "m01").out)
    assert export["member_id"] == "m01"
    assert export["contact"][0]["email"] == "m01@example.org"
    assert rows(viesti, "SELECT action, detail FROM audit") == [("export", '{"form": "json"}')]


def test_gd15_an_export_is_an_archive_or_a_page(viesti: Shell, tmp_path):
    archive, page = tmp_path / "m01.zip", tmp_path / "m01.html"
    viesti("member", "export", "m01", "--format", "csv", "--out", str(archive))
    viesti("member", "export", "m01", "--format", "html", "--language", "en", "--out", str(page))
    with zipfile.ZipFile(archive) as files:
        assert b"m01@example.org" in files.read("contact.csv")
    assert "What we know about you" in page.read_text("utf-8")
    assert (page.stat().st_mode & 0o077, archive.stat().st_mode & 0o077) == (0, 0)


def test_an_unknown_member_is_not_exported(viesti: Shell):
    result = viesti("member", "export", "nobody", code=1)
    assert "no member of this id" in result.err
    assert rows(viesti, "SELECT action FROM audit") == []


def test_choices_are_shown_with_their_consent_texts(viesti: Shell):
    states = json.loads(viesti("member", "choices", "m01", "--json").out)
    assert (states["email_own"], states["newsletter:food"], states["tracking"]) == (True, False, False)
    assert "Förmåner per e-post" in viesti("member", "choices", "m01").out.replace("\n", " ")


def test_c15_choices_changed_by_staff_are_recorded_and_confirmed(viesti: Shell):
    change = ("member", "choices", "m01", "--set", "email_own=off", "--set", "newsletter:food=on", "--source", "phone")
    states = json.loads(viesti(*change, "--json").out)
    assert (states["email_own"], states["newsletter:food"]) == (False, True)
    entries = rows(
        viesti, "SELECT choice, state, source, agent IS NOT NULL, wording FROM choice_entry WHERE source = 'phone'"
    )
    assert [row[:4] for row in sorted(entries)] == [
        ("email_own", "off", "phone", 1),
        ("newsletter:food", "on", "phone", 1),
    ]
    assert "unverified" not in {row[4] for row in entries}
    assert rows(viesti, "SELECT kind, member_id, state FROM note") == [("choices", "m01", "pending")]


def test_an_unknown_choice_or_state_is_named(viesti: Shell):
    assert "email_own" in viesti("member", "choices", "m01", "--set", "email_ovn=off", code=1).err
    assert "`on` or `off`" in viesti("member", "choices", "m01", "--set", "email_own=maybe", code=1).err
    assert rows(viesti, "SELECT count(*) FROM note") == [(0,)]


def test_gd12_erasing_names_the_files_that_go_later_and_when(viesti: Shell, tmp_path: Path):
    viesti("db", "backup", tmp_path / "backup.sqlite")
    erased = viesti("member", "erase", "m01", "--yes")
    assert "Backups: the last one with your data is deleted by 1 Feb 2018." in erased.out


def test_gd12_an_export_is_deleted_with_its_member(viesti: Shell, tmp_path: Path):
    mine, other = tmp_path / "mine.html", tmp_path / "other.html"
    for member, file in (("m01", mine), ("m02", other)):
        viesti("member", "export", member, "--format", "html", "--out", file)
    viesti("member", "erase", "m01", "--yes")
    assert [file.exists() for file in (mine, other)] == [False, True]


@pytest.mark.hostile
def test_an_export_into_a_device_leaves_the_device_as_it_is(viesti: Shell):
    null = Path("/dev/null")
    before = null.stat()
    viesti("member", "export", "m01", "--out", null)
    assert (null.stat().st_mode, null.stat().st_rdev) == (before.st_mode, before.st_rdev)
