"""Generated members as plain values, and as planner input: Arrow columns and DuckDB tables."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from campaigns.core.model.enums import Choice
from campaigns.core.model.phone_countries import phone_class
from campaigns.runs.planning.contact_history import _MESSAGE_SCHEMA as MESSAGE_SCHEMA
from campaigns.runs.planning.contact_history import CLICK_SCHEMA
from campaigns.runs.planning.plan import LedgerSnapshot

AS_OF = datetime(2018, 1, 10, 8, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class GeneratedMember:
    """One member: contact, choices, suppressions, profile, purchases and messages.

    `suppressed` holds kind, reason and whether it is for marketing only. `coffee` is the amount spent on it in the last
    weeks; `heard` the days since each marketing message.
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
        """Return whether purchase lines may be used."""
        return Choice.NO_PURCHASE_DETAIL not in self.on

    @property
    def drawn_by(self) -> str:
        """Return the holdout unit of the member."""
        return self.unit or f"member:{self.member_id}"


def snapshot(members: list[GeneratedMember]) -> LedgerSnapshot:
    member_rows = pa.Table.from_pylist([_person(member) for member in members], schema=_PEOPLE)
    messages = [
        {
            "member_id": member.member_id,
            "campaign": "x",
            "purpose": "marketing",
            "channel": "email",
            "state": "accepted",
            "run_number": 1,
            "sent_at": AS_OF.replace(day=AS_OF.day - days, tzinfo=None),
        }
        for member in members
        for days in member.heard
    ]
    return LedgerSnapshot(
        member_rows, pa.Table.from_pylist(messages, schema=MESSAGE_SCHEMA), CLICK_SCHEMA.empty_table()
    )


_TEXTS = (
    *("member_id", "register", "household_id", "email", "phone", "phone_class"),
    *("street", "postal_code", "city", "address_key"),
)
_PROFILE = ("first_name", "last_name", "language", "unit", "newsletters", "withdrawn")
_SUPPRESSION_COLUMNS = tuple(
    f"{kind}_suppression{scope}" for kind in ("email", "phone", "address") for scope in ("", "_all")
)
_PEOPLE = pa.schema(
    [(name, pa.string()) for name in (*_TEXTS, *_PROFILE, *_SUPPRESSION_COLUMNS)]
    + [(choice.value, pa.bool_()) for choice in Choice]
)


def _person(member: GeneratedMember) -> dict[str, Any]:
    box = member.letter_box
    suppression_values: dict[str, str | None] = dict.fromkeys(_SUPPRESSION_COLUMNS)
    for kind, reason, marketing_only in member.suppressed:
        suppression_values[f"{kind}_suppression"] = reason
        suppression_values[f"{kind}_suppression_all"] = None if marketing_only else reason
    return {
        **{name: value for name, value in asdict(member).items() if name in _TEXTS},
        "phone_class": phone_class(member.phone),
        "first_name": "A",
        "last_name": "B",
        "language": "fi",
        "street": box and f"Katu {box}",
        "postal_code": box and f"0010{box}",
        "city": box and "X",
        "address_key": box and f"katu {box}",
        "unit": member.drawn_by,
        "newsletters": "".join(f"|{name}" for name in sorted(member.newsletters)) + "|" if member.newsletters else None,
        "withdrawn": "".join(f"|{name}" for name in sorted(member.withdrawn)) + "|" if member.withdrawn else None,
        **suppression_values,
        **{choice.value: choice in member.on for choice in Choice},
    }


class GeneratedPopulation:
    """Warehouse stand-in: DuckDB in memory with the rows of some members."""

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

    def fill(self, members: list[GeneratedMember]) -> None:
        self.connection.execute("DELETE FROM members; DELETE FROM purchase_lines")
        for member in members:
            self.connection.execute(
                "INSERT INTO members VALUES (?, ?, ?, 'fi', ?, NULL, ?, NULL)",
                [member.member_id, member.register, member.household_id, member.birth_date, member.household_size],
            )
            if member.coffee:
                self.connection.execute(
                    "INSERT INTO purchase_lines VALUES (?, ?, 'b', 'c', 1, ?, 's', 'FOOD', 'National', 'COFFEE', NULL)",
                    [member.member_id, AS_OF.replace(day=2, tzinfo=None), Decimal(member.coffee)],
                )
