"""The views on Spark: the same rows as DuckDB's, and what is out of sight there is out of sight here."""

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

from audiences import tables as _people  # noqa: F401 - its tables are made below
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
def place(tmp_path: Path) -> Iterator[ImportTarget]:
    ledger = Ledger.from_path(tmp_path / "ledger.sqlite")
    SQLModel.metadata.create_all(ledger.engine)
    place = ImportTarget(tmp_path, ledger, Warehouse(tmp_path / "ware house", CATALOGUE))
    place.import_content("products", PRODUCTS)
    place.import_content("purchases", PURCHASES)
    place.import_content("members", MEMBERS)
    yield place
    ledger.close()


def rows(spark: "SparkWarehouse", view: str) -> list[dict[str, Any]]:
    everything = sa.select(sa.text("*")).select_from(sa.table(view))
    return sorted(spark.fetch_batches(everything).read_all().to_pylist(), key=str)


def rows_of_duckdb(warehouse: Warehouse, view: str, as_of: datetime) -> list[dict[str, Any]]:
    with warehouse.connect(as_of) as connection:
        found: list[dict[str, Any]] = connection.sql(f"FROM {view}").to_arrow_table().to_pylist()
    return sorted(found, key=str)


def assert_same_views(warehouse: Warehouse, as_of: datetime = NOW) -> None:
    from audiences.warehouse.spark import open_spark

    spark = open_spark(warehouse, as_of, "local[2]")
    for view in VIEWS:
        assert rows(spark, view) == rows_of_duckdb(warehouse, view, as_of), view


def test_the_views_have_the_same_rows(place: ImportTarget) -> None:
    assert rows_of_duckdb(place.warehouse, "purchase_lines", NOW)
    assert_same_views(place.warehouse)


def test_retention_ends_on_the_same_day(place: ImportTarget) -> None:
    later = NOW + timedelta(days=2)
    seen, left = (rows_of_duckdb(place.warehouse, "purchase_lines", as_of) for as_of in (NOW, later))
    assert len(left) < len(seen)
    assert_same_views(place.warehouse, later)


def test_the_buried_are_out_of_sight(place: ImportTarget) -> None:
    tombstone_members(place.warehouse, ["m1"], NOW)
    assert [row["member_id"] for row in rows_of_duckdb(place.warehouse, "members", NOW)] == ["m2"]
    assert_same_views(place.warehouse)


def test_a_column_that_is_newer_than_the_files_is_unknown(place: ImportTarget) -> None:
    declared = CATALOGUE.model_dump(by_alias=True)
    declared["tables"]["members"]["columns"]["shoe_size"] = {
        "type": "integer",
        "class": "profile",
        "meaning": {"fi": "x", "sv": "x", "en": "x"},
        "source": "x",
    }
    assert_same_views(Warehouse(place.warehouse.root, Catalogue.model_validate(declared)))


def test_an_empty_warehouse_has_the_views_too(tmp_path: Path) -> None:
    assert_same_views(Warehouse(tmp_path / "empty", CATALOGUE))


def test_spark_that_does_not_start_is_a_problem_of_the_settings() -> None:
    """In a process of its own: the first Spark of a process is its only one."""
    start = "from audiences.warehouse.spark import Spark; Spark('local')"
    environment = {**os.environ, "JAVA_HOME": "/nowhere"}
    ended = subprocess.run([sys.executable, "-c", start], env=environment, capture_output=True, text=True, check=False)
    assert "AuthorError: warehouse.master: local: Spark does not start" in ended.stderr
