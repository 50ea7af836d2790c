"""Folder provider of calls: the call list holds only the data needed for the call."""

import csv

import pytest

from campaigns.channels.folder_phone import FolderPhone, dialling_format


def committed_calls(tmp_path, bundle):
    provider = FolderPhone(tmp_path)
    provider.commit(bundle.id, provider.prepare(bundle).sha256)
    (folder,) = tmp_path.glob("*/phone-1")
    with (folder / "calls.csv").open(encoding="utf-8-sig", newline="") as file:
        return folder, list(csv.DictReader(file, delimiter=";"))


def test_the_call_list_has_number_name_language_and_an_empty_answer(tmp_path, calls):
    folder, rows = committed_calls(tmp_path, calls(2))
    assert rows[0] == {
        "number": "050 1234567",
        "name": "Aino Mäkelä",
        "language": "fi",
        "script": "survey_script-fi",
        "reason": "",
        "reference": "opaque0001",
        "answer": "",
    }
    assert (folder / "survey_script-fi.md").read_text() == "# Kysely\n"


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1+1", "-1", "@SUM(A1)", " \t=1", "|calc", "%0a"])
def test_a_name_is_never_a_spreadsheet_formula(name, tmp_path, calls):
    _folder, (row,) = committed_calls(tmp_path, calls(name=name))
    assert row["name"] == f"'{name.strip()}"


def test_a_name_with_separators_stays_in_its_cell(tmp_path, calls):
    _folder, rows = committed_calls(tmp_path, calls(name='Aino;"x"\r\nöylätti;1'))
    assert [row["name"] for row in rows] == ['Aino;"x" öylätti;1']


@pytest.mark.parametrize(("number", "dialled"), [("+358401234567", "040 1234567"), ("+46701234567", "00 46701234567")])
def test_a_number_has_dialling_format_and_stays_text_in_a_spreadsheet(number, dialled):
    assert dialling_format(number) == dialled
