"""Benchmark of the pages' and the desk's lookups in a full ledger; fails when one scans a whole table."""

from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Connection, event

from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext, MessageKind, opt_out_address
from audiences.people.find_members import SearchField, SearchTerm, find_members
from benchmarks.ledger_traffic import NOW, member_id
from benchmarks.member_generator import search_values
from benchmarks.timing import percentile, print_figure
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.linked_message import find_message

Lookup = Callable[[Connection, int], object]

_TIMES: Final = 200
_KIND: Final = MessageKind(Purpose.MARKETING, Channel.EMAIL)
_CONSENT_CONTEXT: Final = ConsentContext(NOW, ConsentSource.ONE_CLICK, Language.FI)
_SCANS: Final = ("Seq Scan on", "SCAN ")  # a full table scan in PostgreSQL's and SQLite's plans
# Small tables and other sources that may be scanned
_SMALL_TABLES: Final = ("elements", "json_each", "run", "wording", "CONSTANT", "SUBQUERY", "CTE")


def measure_lookups(ledger: Ledger, members: int, run_number: int, messages: int) -> None:
    """Print the time of each lookup for random members; raise SystemExit when one scans a whole table."""
    lookups: dict[str, tuple[Lookup, int]] = {
        "a link's message": (lambda connection, place: find_message(connection, run_number, place + 1), messages),
        "one click, for a shared mailbox": (_opt_out, members),
    }
    for field in SearchField:
        lookups[f"the desk: a member by {field}"] = (_search(field), members)
    for name, (lookup, rows) in lookups.items():
        times = _times(ledger, lookup, rows)
        print_figure(f"{name}: p50, p95", f"{percentile(times, 0.5):.2f}, {percentile(times, 0.95):.2f} ms")
        for line in _full_scans(ledger, lookup):
            raise SystemExit(f"{name}: full table scan: {line}")


def _search(field: SearchField) -> Lookup:
    return lambda connection, number: find_members(connection, SearchTerm((field,), search_values(number)[field]))


def _opt_out(connection: Connection, number: int) -> object:
    return opt_out_address(connection, _KIND, member_id(number), _CONSENT_CONTEXT)


def _times(ledger: Ledger, lookup: Lookup, rows: int) -> list[float]:
    """Return the milliseconds of each lookup; roll every one back."""
    times = []
    for number in Random(1).sample(range(rows), _TIMES):  # noqa: S311 - nothing secret
        with ledger.write() as connection:
            start = perf_counter()
            lookup(connection, number)
            times.append((perf_counter() - start) * 1000)
            connection.rollback()
    return times


def _full_scans(ledger: Ledger, lookup: Lookup) -> list[str]:
    """Return the full table scans in the query plans of a lookup's statements."""
    explain = "EXPLAIN " if ledger.is_shared else "EXPLAIN QUERY PLAN "
    statements: list[tuple[str, Any]] = []

    def collect(
        _connection: object, _cursor: object, statement: str, values: Any, _context: object, _many: bool
    ) -> None:
        statements.append((statement, values))

    with ledger.write() as connection:
        event.listen(connection, "before_cursor_execute", collect)
        lookup(connection, 4711)
        event.remove(connection, "before_cursor_execute", collect)
        lines = [
            row[-1]
            for statement, values in statements
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH"))
            for row in connection.exec_driver_sql(explain + statement, values)
        ]
        connection.rollback()
    return [
        line
        for line in lines
        if any(scan in line for scan in _SCANS) and not any(small_table in line for small_table in _SMALL_TABLES)
    ]
