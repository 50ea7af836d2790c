"""Fixtures: the demonstration's import files, written once, and this repository as a workspace."""

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from campaigns.core.model.catalogue import Catalogue
from campaigns.demo.data.files import DemoFiles, write_demo_files
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.paths import Workspace

Row = dict[str, str]


@pytest.fixture(scope="session")
def progress() -> list[str]:
    """Progress reports of writing the files."""
    return []


@pytest.fixture(scope="session")
def demo_files(tmp_path_factory: pytest.TempPathFactory, progress: list[str]) -> DemoFiles:
    return write_demo_files(tmp_path_factory.mktemp("demo"), progress.append)


@pytest.fixture(scope="session")
def members(demo_files: DemoFiles) -> list[Row]:
    return _rows(demo_files.members)


@pytest.fixture(scope="session")
def choices(demo_files: DemoFiles) -> list[Row]:
    return _rows(demo_files.choices)


@pytest.fixture(scope="session")
def suppressions(demo_files: DemoFiles) -> list[Row]:
    return _rows(demo_files.suppressions)


@pytest.fixture(scope="session")
def data(demo_files: DemoFiles) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connection with the views `products` and `purchases` over the files."""
    with duckdb.connect() as connection:
        connection.read_parquet(str(demo_files.products)).create_view("products")
        connection.read_parquet(str(demo_files.purchases)).create_view("purchases")
        yield connection


@pytest.fixture(scope="session")
def repository() -> Workspace:
    return Workspace(Path(__file__).parents[2])


@pytest.fixture(scope="session")
def catalogue(repository: Workspace) -> Catalogue:
    return load_catalogue(repository.catalogue)


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
