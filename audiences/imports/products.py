"""Import of products: the assortment, one row a product."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.cell_types import declared, plain
from audiences.imports.file_kind import Job, Kind, missing, unusable_id
from audiences.imports.staging import Cell
from audiences.imports.upsert import upsert
from audiences.warehouse import columns
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import ColumnType

_KEY: Final = "product_id"
_REQUIRED: Final[Mapping[str, Cell]] = {
    _KEY: Cell.WORDS,
    "department": Cell.WORDS,
    "brand": Cell.WORDS,
    "product_category": Cell.WORDS,
    "product_type": Cell.WORDS,
}


def _store(job: Job) -> int:
    declarations = job.warehouse.catalogue.tables["products"].columns
    readings = [
        declared(column, declarations[column]) if column in declarations else plain(column)
        for column in PRODUCTS.columns(job.warehouse.catalogue)
    ]
    job.staging.accept(readings, [*missing([_KEY]), unusable_id(_KEY)], _KEY)
    return upsert(job, "products", columns.stored_products(job.warehouse.catalogue), {})


def declared_cells(catalogue: Catalogue, table: str) -> Mapping[str, Cell]:
    """Return the columns that the catalogue declares for a table, and the clean-up of their cells."""
    return {
        column: Cell.NUMBER if declaration.type is ColumnType.DECIMAL else Cell.WORDS
        for column, declaration in catalogue.tables[table].columns.items()
    }


PRODUCTS: Final = Kind(_REQUIRED, _store, lambda catalogue: declared_cells(catalogue, "products"))
