"""Import of messages sent by an earlier system, for frequency caps and the rule `received`."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.cell_types import CellType, one_of_type, text_type, timestamp_type
from audiences.imports.file_kind import FileKind, ImportJob, invalid_id_check, missing_value_checks
from audiences.imports.staging import VALID_TABLE, CellCleaning
from audiences.imports.upsert import PARQUET_OPTIONS
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import quote_literal
from audiences.warehouse.warehouse import WHOLE_TABLE
from campaigns.core.model.enums import Channel, Purpose

_REQUIRED: Final[Mapping[str, CellCleaning]] = dict.fromkeys(columns.SENT, CellCleaning.WORDS)


def _store(job: ImportJob) -> int:
    cell_types: list[CellType] = [
        text_type("member_id"),
        text_type("campaign"),
        one_of_type("purpose", tuple(Purpose)),
        one_of_type("channel", tuple(Channel)),
        timestamp_type("sent_at"),
    ]
    checks = [
        *missing_value_checks(list(_REQUIRED)),
        invalid_id_check("member_id"),
        job.erased_member_check(),
        job.future_time_check("sent_at"),
    ]
    job.staging.validate(cell_types, checks)
    stored = f"({job.warehouse.select_stored('sent', columns.SENT)})"
    names = ", ".join(columns.SENT)
    connection = job.staging.connection
    connection.execute(f"CREATE TABLE unheard AS SELECT {names} FROM {VALID_TABLE} EXCEPT FROM {stored}")
    new = job.staging.count_rows("FROM unheard")
    if new:
        file = job.warehouse.new_file_path("sent")
        target = quote_literal(str(file))
        connection.execute(
            f"COPY (FROM {stored} UNION ALL FROM unheard ORDER BY sent_at) TO {target} {PARQUET_OPTIONS}"
        )
        job.warehouse.publish_state({"sent": {WHOLE_TABLE: [file]}}, job.now)
    return new


EARLIER_MESSAGES: Final = FileKind(_REQUIRED, _store, references={"member_id": "members"})
