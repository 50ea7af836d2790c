"""Spark views: the same rows as DuckDB's, with retention and erasures applied."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from audiences import tables as _people  # noqa: F401 - registers its tables
from audiences.people.member_erasure import tombstone_members
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.model.catalogue import Catalogue
from campaigns.store.ledger.connection import Ledger
from tests.support.import_target import CATALOGUE, MEMBERS, NOW, PRODUCTS, PURCHASES, ImportTarget

if TYPE_CHECKING:
    from audiences.warehouse.spark import SparkWarehouse

pytestmark = pytest.mark.spark
VIEWS = ("members", "receipts", "products", "purchase_lines")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[ImportTarget]:
    ledger = Ledger.from_path(tmp_path / "ledger.sqlite")
    SQLModel.metadata.create_all(ledger.engine)
    target = ImportTarget(tmp_path, ledger, Warehouse(tmp_path / "ware house", CATALOGUE))
    target.import_content("products", PRODUCTS)
    target.import_content("purchases", PURCHASES)
    target.import_content("members", MEMBERS)
    yield target
    ledger.close()


def rows_of_spark(spark: "SparkWarehouse", view: str) -> list[dict[str, Any]]:
    query = sa.select(sa.text("*")).select_from(sa.table(view))
    return sorted(spark.fetch_batches(query).read_all().to_pylist(), key=str)


def rows_of_duckdb(warehouse: Warehouse, view: str, as_of: datetime) -> list[dict[str, Any]]:
    with warehouse.connect(as_of) as connection:
        table_rows: list[dict[str, Any]] = connection.sql(f"FROM {view}").to_arrow_table().to_pylist()
    return sorted(table_rows, key=str)


def assert_same_views(warehouse: Warehouse, as_of: datetime = NOW) -> None:
    from audiences.warehouse.spark import open_spark

    spark = open_spark(warehouse, as_of, "local[2]")
    for view in VIEWS:
        assert rows_of_spark(spark, view) == rows_of_duckdb(warehouse, view, as_of), view


def test_spark_views_have_the_same_rows_as_duckdb(target: ImportTarget) -> None:
    assert rows_of_duckdb(target.warehouse, "purchase_lines", NOW)
    assert_same_views(target.warehouse)


def test_retention_ends_on_the_same_day_in_spark(target: ImportTarget) -> None:
    later = NOW + timedelta(days=2)
    rows_now, rows_later = (rows_of_duckdb(target.warehouse, "purchase_lines", as_of) for as_of in (NOW, later))
    assert len(rows_later) < len(rows_now)
    assert_same_views(target.warehouse, later)


def test_erased_members_are_in_no_view(target: ImportTarget) -> None:
    tombstone_members(target.warehouse, ["m1"], NOW)
    assert [row["member_id"] for row in rows_of_duckdb(target.warehouse, "members", NOW)] == ["m2"]
    assert_same_views(target.warehouse)


def test_a_column_newer_than_the_files_is_null(target: ImportTarget) -> None:
    catalogue = CATALOGUE.model_dump(by_alias=True)
    catalogue["tables"]["members"]["columns"]["shoe_size"] = {
        "type": "integer",
        "class": "profile",
        "meaning": {"fi": "x", "sv": "x", "en": "x"},
        "source": "x",
    }
    assert_same_views(Warehouse(target.warehouse.root, Catalogue.model_validate(catalogue)))


def test_an_empty_warehouse_has_all_views(tmp_path: Path) -> None:
    assert_same_views(Warehouse(tmp_path / "empty", CATALOGUE))


def test_a_spark_that_does_not_start_is_a_problem_of_the_settings() -> None:
    """Start Spark in another process: a process can start Spark only once."""
    script = "from audiences.warehouse.spark import SparkWarehouse; SparkWarehouse('local')"
    environment = {**os.environ, "JAVA_HOME": "/nowhere"}
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert "UserError: warehouse.master: local: Spark does not start" in result.stderr


@pytest.mark.hostile
def test_fi12_spelling_of_the_register_uncovers_no_special_goods_in_spark(target: ImportTarget) -> None:
    spellings = ("pharmacy", "\uff30\uff28\uff21\uff32\uff2d\uff21\uff23\uff39", "PHAR\u00adMACY", "PHARMAC\u200bY")
    rows = "".join(f"s{number},DRUG GM,National,{word},PAIN,\n" for number, word in enumerate(spellings))
    target.import_content("products", PRODUCTS.splitlines()[0] + "\n" + rows)
    lines = "".join(f"m1,2017-12-30 11:00,b9,s{number},1,1.00,s1\n" for number in range(len(spellings)))
    target.import_content("purchases", PURCHASES.splitlines()[0] + "\n" + lines)
    assert not [row for row in rows_of_duckdb(target.warehouse, "purchase_lines", NOW) if row["basket_id"] == "b9"]
    assert_same_views(target.warehouse)
