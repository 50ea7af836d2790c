"""Importing each file below `bad` gives exactly the outcome stored beside it.

After changing a message: `python -m tests.audiences.test_bad_imports` rewrites the outcomes; review the diff.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from sqlmodel import SQLModel

from audiences.warehouse.warehouse import Warehouse
from campaigns.core.errors import UserError
from campaigns.store.ledger.connection import Ledger
from tests.support.import_target import CATALOGUE, ImportTarget

FILES: Final = sorted((Path(__file__).parent / "bad").glob("*.csv"))


def outcome(target: ImportTarget, path: Path) -> str:
    """Return the report and the rejects, or the error."""
    kind = path.name.partition(".")[0]
    try:
        mapping = path.with_suffix(".yaml")
        report = target.import_file(kind, path, mapping if mapping.exists() else None)
    except UserError as error:
        assert target.warehouse.manifest().version == 0
        return str(error).replace(f"{path.parent}/", "") + "\n"
    counts = f"read {report.read}, stored {report.stored}, unchanged {report.unchanged}, "
    counts += f"rejected {report.rejected}, emptied {report.emptied}\n"
    if report.format != "CSV in UTF-8, separated by commas":
        counts += f"{report.format}\n"
    rejects = report.rejects_path.read_text(encoding="utf-8") if report.rejects_path else ""
    return counts + rejects


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bad_file_has_its_stored_outcome(target: ImportTarget, path: Path) -> None:
    assert outcome(target, path) == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_second_import_of_a_bad_file_has_the_same_outcome_and_stores_nothing(target: ImportTarget, path: Path) -> None:
    first = outcome(target, path).partition("\n")
    second = outcome(target, path).partition("\n")
    assert second[2] == first[2]
    assert "read" not in first[0] or "stored 0," in second[0]


def _rewrite_outcomes() -> None:
    for path in FILES:
        with TemporaryDirectory() as folder:
            root = Path(folder)
            ledger = Ledger.from_path(root / "ledger.sqlite")
            SQLModel.metadata.create_all(ledger.engine)
            text = outcome(ImportTarget(root, ledger, Warehouse(root / "warehouse", CATALOGUE)), path)
            path.with_suffix(".txt").write_text(text, encoding="utf-8")
            ledger.close()


if __name__ == "__main__":
    _rewrite_outcomes()
