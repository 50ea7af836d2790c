"""References: rows that name a member, product or store that nobody has imported are stored, and counted."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.file_kind import ImportJob
from audiences.imports.staging import VALID_TABLE
from audiences.people import contacts
from audiences.warehouse.sql_quoting import quote_identifier

_KEYS: Final[Mapping[str, str]] = {"members": "member_id", "products": "product_id", "stores": "store_id"}


def count_unknown(job: ImportJob, references: Mapping[str, str]) -> Mapping[str, int]:
    """Return the number of valid rows by column whose reference leads nowhere; columns without any are left out.

    Stores are optional: references to them are followed once some were imported.
    """
    counts = {
        column: _count(job, column, table)
        for column, table in references.items()
        if column in job.header and (table != "stores" or job.warehouse.stores())
    }
    return {column: count for column, count in counts.items() if count}


def _count(job: ImportJob, column: str, table: str) -> int:
    key, name = _KEYS[table], quote_identifier(column)
    stored = f"({job.warehouse.select_stored(table, {key: 'VARCHAR'})})"
    unknown = (
        f"SELECT named.id, named.rows FROM (SELECT {name} AS id, count(*) AS rows FROM {VALID_TABLE} "
        f"WHERE {name} IS NOT NULL GROUP BY ALL) AS named ANTI JOIN {stored} AS stored ON named.id = stored.{key}"
    )
    count = 0
    for batch in job.staging.rows(unknown):
        with job.ledger.read() as connection:  # who signed up on the web may be in the ledger alone
            known = contacts.existing_members(connection, [id_ for id_, _ in batch]) if table == "members" else set()
        count += sum(rows for id_, rows in batch if id_ not in known)
    return count
