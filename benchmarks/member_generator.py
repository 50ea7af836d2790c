"""Members for any ledger, in any number, each with a name, addresses and choices of their own.

DuckDB generates the rows, and they are loaded as columns; indexes are created afterwards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
from sqlalchemy import Table

from audiences.people.find_members import SearchField
from audiences.tables import CHOICES, CONTACT
from benchmarks.ledger_traffic import CHUNK
from campaigns.core.model.enums import Choice
from campaigns.store.ledger.connection import Ledger

_ID: Final = "'m' || lpad(n::VARCHAR, 8, '0')"
_CONTACT_ROWS: Final = """
    SELECT {id} AS member_id, 'owners' AS register, 'h' || (n // 2) AS household_id, first AS first_name,
           last AS last_name, lower(last || ' ' || first) AS name_key, 'fi' AS language,
           {id} || '@example.org' AS email, {id} || '@example.org' AS mailbox,
           '+35850' || lpad(n::VARCHAR, 7, '0') AS phone, 'Katu ' || (n // 2) AS street,
           lpad((n % 10000)::VARCHAR, 4, '0') || '0' AS postal_code, 'LAHDE' AS city, 'katu ' || (n // 2) AS address_key
    FROM (SELECT n, 'Etu' || (n % 997) AS first, 'Suku' || (n % 10007) AS last FROM range({members}) AS t(n)) ORDER BY n
"""
_CHOICE_COLUMNS: Final = ", ".join(f"{choice is Choice.EMAIL_OWN} AS {choice.value}" for choice in Choice)
_CHOICE_ROWS: Final = """
    SELECT {id} AS member_id, '' AS newsletters, '' AS withdrawn, {allowed}, n AS seq
    FROM range({members}) AS t(n) ORDER BY n
"""


def insert_members(ledger: Ledger, members: int) -> None:
    """Insert members who are reachable by every channel and consent to e-mail."""
    with duckdb.connect() as rows, TemporaryDirectory() as folder:
        for table, query in ((CONTACT, _CONTACT_ROWS), (CHOICES, _CHOICE_ROWS)):
            reader = rows.sql(query.format(id=_ID, allowed=_CHOICE_COLUMNS, members=members)).to_arrow_reader(
                CHUNK * 32
            )
            with _without_indexes(ledger, table):
                ledger.bulk_load(table, reader, Path(folder), guard=lambda _: None, on_progress=lambda _: None)
    ledger.analyse(CONTACT, CHOICES)


def search_values(number: int) -> dict[SearchField, str]:
    """Return the search values that find the member of this number."""
    name = f"Etu{number % 997} Suku{number % 10007}"
    phone = f"+35850{number:07}"
    return {
        SearchField.NUMBER: f"m{number:08}",
        SearchField.NAME: name,
        SearchField.PHONE: phone,
        SearchField.EMAIL: f"m{number:08}@example.org",
    }


@contextmanager
def _without_indexes(ledger: Ledger, table: Table) -> Iterator[None]:
    with ledger.write() as connection:
        for index in table.indexes:
            index.drop(connection)
    yield
    for index in table.indexes:
        with ledger.write() as connection:
            index.create(connection)
