"""Import of stores: where members shop, one row a store."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.cell_types import declared_type, text_type
from audiences.imports.chunk import LINE
from audiences.imports.file_kind import FileKind, ImportJob, invalid_id_check, missing_value_checks
from audiences.imports.postal_codes import PADDED, lost_zeros_sql, postal_code_type
from audiences.imports.products import declared_cells
from audiences.imports.staging import RAW_TABLE, CellCleaning, RowCheck
from audiences.imports.upsert import upsert
from audiences.warehouse import columns
from campaigns.core.model.catalogue import Catalogue

_KEY: Final = "store_id"
_POSTAL_CODE: Final = "postal_code"
_REQUIRED: Final[Mapping[str, CellCleaning]] = dict.fromkeys((_KEY, "name"), CellCleaning.WORDS)
_IS_WEB_ADDRESS: Final = r"https?://[^\s/?#<>\"\x27]+([/?#][^\s<>\"\x27]*)?"


def _store(job: ImportJob) -> int:
    catalogue = job.warehouse.catalogue
    declarations = catalogue.table_columns("stores")
    cell_types = [
        declared_type(column, declarations[column]) if column in declarations else text_type(column)
        for column in STORES.columns(catalogue)
        if column != _POSTAL_CODE
    ]
    cell_types.append(postal_code_type(_POSTAL_CODE, job.settings.country))
    is_invalid_url = f"(url IS NOT NULL AND NOT regexp_full_match(url, '{_IS_WEB_ADDRESS}'))"
    checks = [
        *missing_value_checks(list(_REQUIRED)),
        invalid_id_check(_KEY),
        RowCheck("url", is_invalid_url, "not a web address like https://example.org/store"),
    ]
    job.staging.validate(cell_types, checks, _KEY)
    lost = f"SELECT {LINE} FROM {RAW_TABLE} WHERE {lost_zeros_sql(_POSTAL_CODE, job.settings.country)}"
    job.staging.record_remarks([(line, _POSTAL_CODE, PADDED) for rows in job.staging.rows(lost) for (line,) in rows])
    return upsert(job, "stores", columns.store_columns(catalogue), {})


def _optional(catalogue: Catalogue) -> Mapping[str, CellCleaning]:
    return {**dict.fromkeys(columns.STORES, CellCleaning.WORDS), **declared_cells(catalogue, "stores")}


STORES: Final = FileKind(_REQUIRED, _store, _optional)
