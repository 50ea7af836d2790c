"""Each file below `bad` is imported with exactly the outcome that stands beside it.

After a change of words: `python -m tests.audiences.test_bad_imports` writes the texts anew; read the difference.
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


def outcome(place: ImportTarget, path: Path) -> str:
    """The report and the rejects, or the error."""
    kind = path.name.partition(".")[0]
    try:
        report = place.bring_file(kind, path)
    except UserError as error:
        assert place.warehouse.manifest().version == 0
        return str(error).replace(str(path), path.name) + "\n"
    counts = f"read {report.read}, stored {report.stored}, unchanged {report.unchanged}, "
    counts += f"rejected {report.rejected}, emptied {report.emptied}\n"
    listed = report.rejects_path.read_text(encoding="utf-8") if report.rejects_path else ""
    return counts + listed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_has_its_outcome(place: ImportTarget, path: Path) -> None:
    assert outcome(place, path) == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_has_the_same_outcome_again_and_stores_nothing(place: ImportTarget, path: Path) -> None:
    first = outcome(place, path).partition("\n")
    second = outcome(place, path).partition("\n")
    assert second[2] == first[2]
    assert "read" not in first[0] or "stored 0," in second[0]


def _write() -> None:
    for path in FILES:
        with TemporaryDirectory() as folder:
            root = Path(folder)
            ledger = Ledger.from_path(root / "ledger.sqlite")
            SQLModel.metadata.create_all(ledger.engine)
            text = outcome(ImportTarget(root, ledger, Warehouse(root / "warehouse", CATALOGUE)), path)
            path.with_suffix(".txt").write_text(text, encoding="utf-8")
            ledger.close()


if __name__ == "__main__":
    _write()
