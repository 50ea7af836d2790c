"""How a full ledger finds what pages and the desk ask for: how long it takes, and that nothing reads a whole table."""

from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import Any, Final

from sqlalchemy import Connection, event

from audiences.consent.consent_state import Source
from audiences.consent.opt_out import Kind, Saying, end_for_address
from audiences.people.find_members import By, find
from benchmarks.figures import percentile, tell
from benchmarks.ledger_traffic import NOW, name
from benchmarks.multitude import known_by
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.linked_message import linked

Ask = Callable[[Connection, int], object]

_TIMES: Final = 200
_KIND: Final = Kind(Purpose.MARKETING, Channel.EMAIL)
_SAYING: Final = Saying(NOW, Source.ONE_CLICK, Language.FI)
_WHOLE: Final = ("Seq Scan on", "SCAN ")  # what PostgreSQL and SQLite call reading a table from end to end
_FEW: Final = ("elements", "json_each", "run", "wording", "CONSTANT", "SUBQUERY", "CTE")  # small, and meant to be read


def look_up(ledger: Ledger, members: int, run_number: int, messages: int) -> None:
    """Print how long each question takes of members chosen by chance; SystemExit when one reads a whole table."""
    asks: dict[str, tuple[Ask, int]] = {
        "a link's message": (lambda connection, place: linked(connection, run_number, place + 1), messages),
        "one click, of whoever shares the mailbox": (_end, members),
    }
    for by in By:
        asks[f"the desk: a member by {by}"] = (_finds(by), members)
    for what, (ask, among) in asks.items():
        times = _times(ledger, ask, among)
        tell(f"{what}: p50, p95", f"{percentile(times, 0.5):.2f}, {percentile(times, 0.95):.2f} ms")
        for line in _read_whole(ledger, ask):
            raise SystemExit(f"{what}: a whole table is read: {line}")


def _finds(by: By) -> Ask:
    return lambda connection, number: find(connection, by, known_by(number)[by])


def _end(connection: Connection, number: int) -> object:
    return end_for_address(connection, _KIND, name(number), _SAYING)


def _times(ledger: Ledger, ask: Ask, among: int) -> list[float]:
    """Milliseconds of the questions alone; nothing of them is kept."""
    taken = []
    for number in Random(1).sample(range(among), _TIMES):  # noqa: S311 - nothing secret
        with ledger.write() as connection:
            began = perf_counter()
            ask(connection, number)
            taken.append((perf_counter() - began) * 1000)
            connection.rollback()
    return taken


def _read_whole(ledger: Ledger, ask: Ask) -> list[str]:
    """The lines of the database's own plans that say so, of every statement that a question consists of."""
    explain = "EXPLAIN " if ledger.is_shared else "EXPLAIN QUERY PLAN "
    asked: list[tuple[str, Any]] = []

    def hear(_connection: object, _cursor: object, statement: str, values: Any, _context: object, _many: bool) -> None:
        asked.append((statement, values))

    with ledger.write() as connection:
        event.listen(connection, "before_cursor_execute", hear)
        ask(connection, 4711)
        event.remove(connection, "before_cursor_execute", hear)
        lines = [
            row[-1]
            for statement, values in asked
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH"))
            for row in connection.exec_driver_sql(explain + statement, values)
        ]
        connection.rollback()
    return [line for line in lines if any(word in line for word in _WHOLE) and not any(few in line for few in _FEW)]
