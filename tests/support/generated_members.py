"""A small crowd of members as plain values, and as the planner sees them: Arrow columns and DuckDB tables."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from campaigns.core.model.enums import Choice
from campaigns.runs.planning.contact_history import _MESSAGE_SCHEMA as HEARD_SCHEMA
from campaigns.runs.planning.contact_history import CLICK_SCHEMA
from campaigns.runs.planning.plan import LedgerSnapshot

AS_OF = datetime(2018, 1, 10, 8, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class GeneratedMember:
    """One member: contact, choices, suppressions of the addresses, profile, and what they bought and heard.

    `suppressed` is by kind: the reason, and whether it concerns marketing only. `coffee` is what was spent on it in
    the last weeks; `heard` the days since each marketing message.
    """

    member_id: str
    register: str = "owners"
    household_id: str | None = None
    email: str | None = None
    phone: str | None = None
    letter_box: str | None = None
    unit: str = ""
    on: frozenset[Choice] = frozenset()
    newsletters: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    suppressed: tuple[tuple[str, str, bool], ...] = ()
    household_size: int | None = None
    birth_date: date | None = None
    coffee: int = 0
    heard: tuple[int, ...] = ()

    @property
    def may_be_read(self) -> bool:
        """Whether purchase lines may be used."""
        return Choice.NO_PURCHASE_DETAIL not in self.on

    @property
    def drawn_by(self) -> str:
        """Those with whom the member is held out."""
        return self.unit or f"member:{self.member_id}"


def snapshot(crowd: list[GeneratedMember]) -> LedgerSnapshot:
    people = pa.Table.from_pylist([_person(soul) for soul in crowd], schema=_PEOPLE)
    heard = [
        {
            "member_id": soul.member_id,
            "campaign": "x",
            "purpose": "marketing",
            "channel": "email",
            "state": "accepted",
            "run_number": 1,
            "sent_at": AS_OF.replace(day=AS_OF.day - days, tzinfo=None),
        }
        for soul in crowd
        for days in soul.heard
    ]
    return LedgerSnapshot(people, pa.Table.from_pylist(heard, schema=HEARD_SCHEMA), CLICK_SCHEMA.empty_table())


_TEXTS = ("member_id", "register", "household_id", "email", "phone", "street", "postal_code", "city", "address_key")
_SAID = ("first_name", "last_name", "language", "unit", "newsletters", "withdrawn")
_STOPS = tuple(f"{kind}_suppression{scope}" for kind in ("email", "phone", "address") for scope in ("", "_all"))
_PEOPLE = pa.schema(
    [(name, pa.string()) for name in (*_TEXTS, *_SAID, *_STOPS)] + [(choice.value, pa.bool_()) for choice in Choice]
)


def _person(soul: GeneratedMember) -> dict[str, Any]:
    box = soul.letter_box
    stops: dict[str, str | None] = dict.fromkeys(_STOPS)
    for kind, reason, marketing_only in soul.suppressed:
        stops[f"{kind}_suppression"] = reason
        stops[f"{kind}_suppression_all"] = None if marketing_only else reason
    return {
        **{name: value for name, value in asdict(soul).items() if name in _TEXTS},
        "first_name": "A",
        "last_name": "B",
        "language": "fi",
        "street": box and f"Katu {box}",
        "postal_code": box and f"0010{box}",
        "city": box and "X",
        "address_key": box and f"katu {box}",
        "unit": soul.drawn_by,
        "newsletters": "".join(f"|{name}" for name in sorted(soul.newsletters)) + "|" if soul.newsletters else None,
        "withdrawn": "".join(f"|{name}" for name in sorted(soul.withdrawn)) + "|" if soul.withdrawn else None,
        **stops,
        **{choice.value: choice in soul.on for choice in Choice},
    }


class GeneratedPopulation:
    """DuckDB in memory in the place of a warehouse; `fill` makes it hold one crowd."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            "CREATE TABLE members (member_id VARCHAR, register VARCHAR, household_id VARCHAR, language VARCHAR, "
            "birth_date DATE, region VARCHAR, household_size BIGINT, bonus_last_month DECIMAL(18,4));"
            "CREATE TABLE purchase_lines (member_id VARCHAR, purchased_at TIMESTAMP, basket_id VARCHAR, "
            "product_id VARCHAR, quantity DECIMAL(12,3), amount DECIMAL(12,2), store_id VARCHAR, department VARCHAR, "
            "brand VARCHAR, product_category VARCHAR, product_type VARCHAR);"
            "CREATE TABLE receipts (member_id VARCHAR, purchased_at TIMESTAMP, basket_id VARCHAR, store_id VARCHAR, "
            "amount DECIMAL(12,2), quantity DECIMAL(12,3));"
            "CREATE TABLE sent (member_id VARCHAR, campaign VARCHAR, purpose VARCHAR, channel VARCHAR, "
            "sent_at TIMESTAMP)"
        )

    def fill(self, crowd: list[GeneratedMember]) -> None:
        self.connection.execute("DELETE FROM members; DELETE FROM purchase_lines")
        for soul in crowd:
            self.connection.execute(
                "INSERT INTO members VALUES (?, ?, ?, 'fi', ?, NULL, ?, NULL)",
                [soul.member_id, soul.register, soul.household_id, soul.birth_date, soul.household_size],
            )
            if soul.coffee:
                self.connection.execute(
                    "INSERT INTO purchase_lines VALUES (?, ?, 'b', 'c', 1, ?, 's', 'FOOD', 'National', 'COFFEE', NULL)",
                    [soul.member_id, AS_OF.replace(day=2, tzinfo=None), Decimal(soul.coffee)],
                )
