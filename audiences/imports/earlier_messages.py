"""Import of messages sent by an earlier system, for frequency caps and the rule `received`."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.cell_types import Reading, one_of, plain, timestamp
from audiences.imports.file_kind import Job, Kind, missing, unusable_id
from audiences.imports.staging import GOOD, Cell
from audiences.imports.upsert import PARQUET
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import text
from audiences.warehouse.warehouse import WHOLE
from campaigns.core.model.enums import Channel, Purpose

_REQUIRED: Final[Mapping[str, Cell]] = dict.fromkeys(columns.SENT, Cell.WORDS)


def _store(job: Job) -> int:
    readings: list[Reading] = [
        plain("member_id"),
        plain("campaign"),
        one_of("purpose", tuple(Purpose)),
        one_of("channel", tuple(Channel)),
        timestamp("sent_at"),
    ]
    checks = [*missing(list(_REQUIRED)), unusable_id("member_id"), job.erased(), job.future("sent_at")]
    job.staging.accept(readings, checks)
    stored = f"({job.warehouse.stored_rows('sent', columns.SENT)})"
    names = ", ".join(columns.SENT)
    connection = job.staging.connection
    connection.execute(f"CREATE TABLE unheard AS SELECT {names} FROM {GOOD} EXCEPT FROM {stored}")
    new = job.staging.count("FROM unheard")
    if new:
        file = job.warehouse.new_file("sent")
        connection.execute(
            f"COPY (FROM {stored} UNION ALL FROM unheard ORDER BY sent_at) TO {text(str(file))} {PARQUET}"
        )
        job.warehouse.replace({"sent": {WHOLE: [file]}}, job.now)
    return new


SENT: Final = Kind(_REQUIRED, _store)
