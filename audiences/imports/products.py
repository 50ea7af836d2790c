"""Import of products: the assortment, one row a product."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.cell_types import declared_type, text_type
from audiences.imports.file_kind import FileKind, ImportJob, invalid_id_check, missing_value_checks
from audiences.imports.staging import CellCleaning
from audiences.imports.upsert import upsert
from audiences.warehouse import columns
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import ColumnType

_KEY: Final = "product_id"
_REQUIRED: Final[Mapping[str, CellCleaning]] = {
    _KEY: CellCleaning.WORDS,
    "department": CellCleaning.WORDS,
    "brand": CellCleaning.WORDS,
    "product_category": CellCleaning.WORDS,
    "product_type": CellCleaning.WORDS,
}


def _store(job: ImportJob) -> int:
    declarations = job.warehouse.catalogue.tables["products"].columns
    cell_types = [
        declared_type(column, declarations[column]) if column in declarations else text_type(column)
        for column in PRODUCTS.columns(job.warehouse.catalogue)
    ]
    job.staging.validate(cell_types, [*missing_value_checks([_KEY]), invalid_id_check(_KEY)], _KEY)
    return upsert(job, "products", columns.stored_product_columns(job.warehouse.catalogue), {})


def declared_cells(catalogue: Catalogue, table: str) -> Mapping[str, CellCleaning]:
    """Return the columns that the catalogue declares for a table, and the clean-up of their cells."""
    return {
        column: CellCleaning.NUMBER if declaration.type is ColumnType.DECIMAL else CellCleaning.WORDS
        for column, declaration in catalogue.table_columns(table).items()
    }


PRODUCTS: Final = FileKind(_REQUIRED, _store, lambda catalogue: declared_cells(catalogue, "products"))
