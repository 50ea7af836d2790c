"""A small ledger and warehouse to import into, and three files for them. The time is 2018-01-01 10:00 in Helsinki."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from sqlmodel import SQLModel

from audiences import tables as _tables  # noqa: F401 - registers its tables
from audiences.imports.import_file import import_file
from audiences.imports.import_report import ImportReport
from audiences.imports.mapping import load_mapping
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import Clock
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

NOW: Final = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)
CATALOGUE: Final = Catalogue.model_validate(
    YAML(typ="safe").load((Path(__file__).parents[1] / "audiences" / "catalogue.yaml").read_text(encoding="utf-8"))
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
PRODUCTS: Final = """product_id,department,brand,product_category,product_type,health_mark
p1,GROCERY,Private,CHEESE,SOFT,
p2,DRUG GM,National,PHARMACY,PAIN,
p3,DRUG GM,National,Pharmacy,PAIN,
p4,DRUG GM,National,VITAMINS,C,yes
p5,DRUG GM,,,,
"""
PURCHASES: Final = """member_id,purchased_at,basket_id,product_id,quantity,amount,store_id
m1,2017-12-30 10:00,b1,p1,1,2.00,s1
m1,2017-12-30 10:00,b1,p2,1,3.00,s1
m1,2017-12-30 10:00,b1,p3,1,4.00,s1
m1,2017-12-30 10:00,b1,p4,1,5.00,s1
m1,2017-12-30 10:00,b1,p5,1,6.00,s1
m1,2017-12-30 10:00,b1,p9,1,7.00,s1
m2,2016-11-28 10:00,b2,p1,1,1.00,s1
m2,2016-11-20 10:00,b3,p1,1,1.00,s1
,2017-12-30 10:00,b4,p1,2,4.00,s1
"""
MEMBERS: Final = """member_id,register,language,birth_date,region,household_size,bonus,student,diagnosis
m1,owners,sv,1970-02-28,Uusimaa,3,12.5,true,secret
m2,customers,,,,,,,
"""


@dataclass(frozen=True)
class ImportTarget:
    """A ledger and a warehouse below one folder."""

    root: Path
    ledger: Ledger
    warehouse: Warehouse
    settings: Settings = SETTINGS

    def import_content(self, kind: str, content: str | bytes, name: str = "file.csv") -> ImportReport:
        """Write content to a file and import it."""
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.import_file(kind, path)

    def import_file(self, kind: str, path: Path, mapping: Path | None = None) -> ImportReport:
        return import_file(
            kind,
            path,
            ledger=self.ledger,
            warehouse=self.warehouse,
            settings=self.settings,
            clock=Clock(read=lambda: NOW),
            signer=SIGNER,
            rejects=self.root / "rejects",
            mapping=None if mapping is None else load_mapping(mapping),
        )

    def rows(self, query: str, as_of: datetime = NOW) -> list[tuple[Any, ...]]:
        """Run a query over the views of the warehouse."""
        with self.warehouse.connect(as_of) as connection:
            return connection.execute(query).fetchall()

    def ledger_rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.ledger.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@contextmanager
def open_import_target(root: Path) -> Iterator[ImportTarget]:
    """Open the ledger and the warehouse below `root`; they are made if they are not there."""
    with closing(Ledger.from_path(root / "ledger.sqlite")) as ledger:
        SQLModel.metadata.create_all(ledger.engine)
        yield ImportTarget(root, ledger, Warehouse(root / "ware house", CATALOGUE))
