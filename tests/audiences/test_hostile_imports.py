"""Hostile files to import: each is one located problem, soon, and stores nothing."""

from io import BytesIO
from time import process_time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from campaigns.core.errors import UserError
from tests.support.import_target import PRODUCTS, ImportTarget

HEADER = PRODUCTS.partition("\n")[0]


def parquet(**changed: pa.Array) -> bytes:
    """Return a Parquet file of one product, with changed columns."""
    columns = {name: pa.array(["a"]) for name in HEADER.split(",")}
    file = BytesIO()
    pq.write_table(pa.table({**columns, **changed}), file)
    return file.getvalue()


def overwritten(content: bytes, start: int, garbage: bytes) -> bytes:
    """Return the content with other bytes at a place, counted from the end if negative."""
    start %= len(content)
    return content[:start] + garbage + content[start + len(garbage) :]


NOT_UTF8 = pa.Array.from_buffers(
    pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")]
)
FILES = {
    "header_of_a_million_columns": (b"," * 900_000 + b"\n", "too_many_columns"),
    "header_of_one_endless_name": (b"x" * 200_000 + b"\n", "header"),
    "parquet_of_many_columns": (
        parquet(**{f"c{number}": pa.array(["a"]) for number in range(2000)}),
        "too_many_columns",
    ),
    "parquet_with_a_damaged_page": (overwritten(parquet(), 30, b"\xff" * 20), "parquet"),
    "parquet_with_a_damaged_footer": (overwritten(parquet(), -100, b"\xfe" * 60), "parquet"),
    "parquet_cut_off": (parquet()[:-20], "parquet"),
    "parquet_with_text_that_is_not_utf8": (parquet(department=NOT_UTF8), "parquet"),
    "parquet_with_a_zone_of_mars": (parquet(department=pa.array([5], pa.timestamp("s", tz="Mars/Olympus"))), "parquet"),
}


@pytest.mark.hostile
@pytest.mark.parametrize(("content", "code"), FILES.values(), ids=FILES)
def test_a_hostile_file_is_one_problem_and_stores_nothing(target: ImportTarget, content: bytes, code: str) -> None:
    path = target.root / "products"
    path.write_bytes(content)
    started = process_time()
    with pytest.raises(UserError) as raised:
        target.import_file("products", path)
    (problem,) = raised.value.problems
    assert (problem.code, problem.place.file, bool(problem.hint)) == (code, str(path), True)
    assert process_time() - started < 5
    assert target.warehouse.manifest().version == 0
