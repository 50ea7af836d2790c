"""A call list tells the caller what is needed for the call, and no more."""

import csv

import pytest

from campaigns.channels.folder_phone import FolderPhone, dialling_format


def calls_of(tmp_path, bundle):
    provider = FolderPhone(tmp_path)
    provider.commit(bundle.id, provider.prepare(bundle).sha256)
    (folder,) = tmp_path.glob("*/phone-1")
    with (folder / "calls.csv").open(encoding="utf-8-sig", newline="") as file:
        return folder, list(csv.DictReader(file, delimiter=";"))


def test_the_list_has_number_name_language_and_a_place_for_the_answer(tmp_path, calls):
    folder, rows = calls_of(tmp_path, calls(2))
    assert rows[0] == {
        "number": "050 1234567",
        "name": "Aino Mäkelä",
        "language": "fi",
        "script": "survey_script-fi",
        "reference": "opaque0001",
        "answer": "",
    }
    assert (folder / "survey_script-fi.md").read_text() == "# Kysely\n"


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1+1", "-1", "@SUM(A1)", " \t=1", "|calc", "%0a"])
def test_a_name_is_no_formula(name, tmp_path, calls):
    _folder, (row,) = calls_of(tmp_path, calls(name=name))
    assert row["name"] == f"'{name.strip()}"


def test_a_name_does_not_break_the_table(tmp_path, calls):
    _folder, rows = calls_of(tmp_path, calls(name='Aino;"x"\r\nöylätti;1'))
    assert [row["name"] for row in rows] == ['Aino;"x" öylätti;1']


@pytest.mark.parametrize(("number", "written"), [("+358401234567", "040 1234567"), ("+46701234567", "00 46701234567")])
def test_a_number_is_written_as_it_is_dialled_and_no_spreadsheet_counts_with_it(number, written):
    assert dialling_format(number) == written
