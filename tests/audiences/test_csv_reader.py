"""Whatever a program writes as CSV is read as it was meant, each row with the line on which it begins."""

import csv
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.imports.csv_reader import CsvReader

CELLS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('";,\r\n \0='), max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8)


def _read(content: bytes) -> tuple[list[list[str]], list[int], list[int]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(content)
        pieces = list(CsvReader(path).chunks(lambda _done, _whole: None))
    rows = [list(row.values()) for piece in pieces for row in piece.rows.to_pylist()]
    misfits = [misfit.line for piece in pieces for misfit in piece.invalid_lines]
    return [row[1:] for row in rows], [row[0] for row in rows], misfits


@settings(deadline=None)
@given(ROWS, st.sampled_from(",;"), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_was_written_is_read(rows: list[list[str]], delimiter: str, end: str, marked: bool) -> None:
    out = StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    found, lines, misfits = _read(out.getvalue().encode("utf-8-sig" if marked else "utf-8"))
    assert (found, misfits) == (rows, [])
    assert lines == sorted(set(lines))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["1,2", '1,"2"', '"1', '1,2"', '"1"x,2', "", "1", "1,2,3", '1,"', '""",2']), max_size=9)
)
def test_no_line_is_lost_or_counted_twice(lines: list[str]) -> None:
    written = "".join(f"{line}\n" for line in ["a,b", *lines, "last,row"])
    found, starts, misfits = _read(written.encode())
    assert found[-1:] == [["last", "row"]] or misfits
    assert len({*starts, *misfits}) == len(starts) + len(misfits)
