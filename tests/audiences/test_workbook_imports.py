"""Excel workbooks are imported as CSV is, and hostile ones cost neither memory nor time."""

from datetime import date, datetime, timedelta
from time import monotonic

import pytest

from audiences.imports import workbook_reader
from campaigns.core.errors import UserError
from tests.support.import_target import ImportTarget
from tests.support.workbooks import raw_workbook, sheet_xml, workbook

SOLD_AT = datetime(2017, 12, 30, 16, 5)  # noqa: DTZ001 - a cell has no zone
ROWS = [
    ["Jäsenraportti 31.12.2017"],
    [],
    ["member_id", "register", "birth_date", "postal_code", "student", "bonus", None],
    [1001, "owners", date(1970, 2, 28), 100, True, 12.5, "a remark beside the table"],
    ["m2", "owners", "31.12.1999", "00200", False, "1,5", None],
    [],
    [1003.0, "owls", None, 33100, None, None, None],
]


def test_a_sheet_is_read_below_its_title_with_dates_and_numbers(target: ImportTarget) -> None:
    content = workbook({"Jäsenet": ROWS, "Ohje": [["read", "me"]]})
    report = target.import_content("members", content, "members.csv")  # whatever its name
    assert report.format == (
        "an Excel workbook, sheet `Jäsenet` (not read: `Ohje`), header in row 3; "
        "not read: what columns without a name hold, from row 4 on"
    )
    assert (report.read, report.stored, report.rejected, report.padded) == (3, 1, 2, 1)
    assert target.rows("SELECT member_id, birth_date, student, bonus FROM members") == [
        ("1001", date(1970, 2, 28), True, 12.5)
    ]
    assert target.ledger_rows("SELECT postal_code FROM contact") == [("00100",)]


def test_rejected_rows_are_named_by_their_row_in_the_sheet(target: ImportTarget) -> None:
    report = target.import_content("members", workbook({"Jäsenet": ROWS}), "members.xlsx")
    assert report.rejects_path is not None
    lines = report.rejects_path.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["4", "postal_code"],
        ["5", "birth_date"],
        ["7", "register"],
    ]


def test_a_wrong_header_is_placed_in_its_sheet(target: ImportTarget) -> None:
    content = workbook({"Jäsenet": [["member_id", "register", "frist_name"], ["m1", "owners", "A"]]})
    with pytest.raises(UserError) as raised:
        target.import_content("members", content, "members.xlsx")
    (problem,) = raised.value.problems
    assert (problem.place.line, problem.place.column, problem.hint) == (1, 3, "`first_name`")
    assert problem.place.file.endswith("members.xlsx, sheet Jäsenet")


def test_a_mapping_names_the_sheet_and_its_words(target: ImportTarget) -> None:
    path = target.root / "sales.xlsx"
    mapping = target.root / "sales.yaml"
    rows = [
        ["Jäsen", "Ostopäivä", "Kuitti", "Tuote", "Määrä", "Summa"],
        [1, SOLD_AT, 77, 501, 1, 2.5],
        [1, "30.12.2017 16:05", 77, 502, 2, "1 234,50 €"],
    ]
    path.write_bytes(workbook({"Ohje": [["a", "b"]], "Myynti": rows}))
    mapping.write_text(
        'sheet: Myynti\ndecimal: ","\ncolumns: {Jäsen: member_id, Ostopäivä: purchased_at, Kuitti: basket_id, '
        "Tuote: product_id, Määrä: quantity, Summa: amount}\nconstants: {store_id: s1}\n"
        "dates: {purchased_at: 'd.M.yyyy H:mm'}\n",
        encoding="utf-8",
    )
    report = target.import_file("purchases", path, mapping)
    assert (report.stored, report.rejected) == (2, 0)
    assert target.rows("SELECT member_id, basket_id, amount, purchased_at FROM receipts") == [
        ("1", "77", 1237, SOLD_AT - timedelta(hours=2))
    ]
    mapping.write_text("sheet: Myynit\n", encoding="utf-8")
    with pytest.raises(UserError, match="the workbook has no sheet `Myynit`"):
        target.import_file("purchases", path, mapping)


WHOLE = workbook({"A": [["member_id", "register"], ["m1", "owners"]]})
_ROW = '<row r="{}"><c r="{}"><v>1</v></c></row>'
HOSTILE = {
    "cut_off": (WHOLE[:-30], "workbook"),
    "damaged": (WHOLE[:300] + b"\xff" * 60 + WHOLE[360:], "workbook"),
    "no_rows": (raw_workbook({"A": sheet_xml("")}), "file_empty"),
    "no_sheet": (raw_workbook({}), "workbook"),
    "broken_xml": (raw_workbook({"A": "<worksheet><sheetData><row r='1'><c r='A1'"}), None),
    "cells_at_both_ends_of_the_largest_range": (
        raw_workbook({"A": sheet_xml(_ROW.format(1, "A1") + _ROW.format(1048576, "XFD1048576"))}),
        "too_large",
    ),
}


@pytest.mark.hostile
def test_a_workbook_that_unpacks_to_more_than_the_limit_is_not_opened(
    target: ImportTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_reader, "_MAX_UNPACKED", 1 << 20)
    with pytest.raises(UserError, match="MB unpacked, and at most 1 MB are read"):
        target.import_content("members", raw_workbook({"A": " " * (3 << 20)}), "members.xlsx")


@pytest.mark.hostile
@pytest.mark.long
@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_workbook_is_one_problem_and_stores_nothing(
    target: ImportTarget, content: bytes, code: str | None
) -> None:
    start = monotonic()
    with pytest.raises(UserError) as raised:
        target.import_content("members", content, "members.xlsx")
    (problem,) = raised.value.problems
    assert code in {problem.code, None}
    assert problem.hint
    assert monotonic() - start < 20
    assert target.warehouse.manifest().version == 0
