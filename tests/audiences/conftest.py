"""A workspace of its own for each test: a ledger, a warehouse, and a clock that stands at 2018-01-01 10:00 Helsinki."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML
from sqlmodel import SQLModel

from audiences import tables as _people  # noqa: F401 - its tables are made below
from audiences.imports.import_file import import_file
from audiences.imports.import_report import ImportReport
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import Clock
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

NOW: Final = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)
CATALOGUE: Final = Catalogue.model_validate(
    YAML(typ="safe").load((Path(__file__).parent / "catalogue.yaml").read_text(encoding="utf-8"))
)
SIGNER: Final = Signer({1: b"k" * 32})
_ANY: Final = {"fi": "x", "sv": "x", "en": "x"}
SETTINGS: Final = Settings.model_validate(
    {
        "organisation": {
            "name": _ANY,
            "legal_name": "x",
            "business_id": "x",
            "street": "x",
            "postal_code": "00100",
            "city": _ANY,
            "telephone": "x",
        },
        "public_url": "https://example.org",
        "newsletters": {"beauty": _ANY, "food": _ANY},
        "channels": {
            "email": {"address": "a@example.org", "unsubscribe": "b@example.org"},
            "sms": {"sender": "Lahde"},
        },
    }
)


@dataclass(frozen=True)
class Place:
    """A ledger and a warehouse below one folder."""

    root: Path
    ledger: Ledger
    warehouse: Warehouse

    def bring(self, kind: str, content: str | bytes, name: str = "file.csv") -> ImportReport:
        """Import what is written into a file first."""
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.bring_file(kind, path)

    def bring_file(self, kind: str, path: Path) -> ImportReport:
        return import_file(
            kind,
            path,
            ledger=self.ledger,
            warehouse=self.warehouse,
            settings=SETTINGS,
            clock=Clock(read=lambda: NOW),
            signer=SIGNER,
            rejects=self.root / "rejects",
        )

    def rows(self, query: str, as_of: datetime = NOW) -> list[tuple[Any, ...]]:
        """What a query over the warehouse's views answers."""
        with self.warehouse.connect(as_of) as connection:
            return connection.execute(query).fetchall()

    def ledger_rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.ledger.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    ledger = Ledger.from_path(tmp_path / "ledger.sqlite")
    SQLModel.metadata.create_all(ledger.engine)
    yield Place(tmp_path, ledger, Warehouse(tmp_path / "ware house", CATALOGUE))
    ledger.close()
