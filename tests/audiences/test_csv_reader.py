"""Any CSV that a program writes is read back, each row with the line on which it begins."""

import csv
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.imports.csv_reader import CsvReader

CELLS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('";,\r\n \0='), max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8)


def _read_csv(content: bytes) -> tuple[list[list[str]], list[int], list[int]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(content)
        chunks_read = list(CsvReader(path).chunks(lambda _done, _whole: None))
    rows = [list(row.values()) for chunk in chunks_read for row in chunk.rows.to_pylist()]
    invalid_lines = [invalid.line for chunk in chunks_read for invalid in chunk.invalid_lines]
    return [row[1:] for row in rows], [row[0] for row in rows], invalid_lines


@settings(deadline=None)
@given(
    ROWS, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
def test_written_rows_are_read_back(rows: list[list[str]], delimiter: str, line_end: str, encoding: str) -> None:
    out = StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    rows_read, lines, invalid_lines = _read_csv(out.getvalue().encode(encoding))
    assert (rows_read, invalid_lines) == (rows, [])
    assert lines == sorted(set(lines))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["1,2", '1,"2"', '"1', '1,2"', '"1"x,2', "", "1", "1,2,3", '1,"', '""",2']), max_size=9)
)
def test_no_line_is_lost_or_counted_twice(lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in ["a,b", *lines, "last,row"])
    rows_read, starts, invalid_lines = _read_csv(content.encode())
    assert rows_read[-1:] == [["last", "row"]] or invalid_lines
    assert len({*starts, *invalid_lines}) == len(starts) + len(invalid_lines)
