"""Facts on which two ids agree before they are merged: at least two, or a supervisor decides."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from audiences.people.contact_changes import WAIT, is_long_proven
from audiences.people.contacts import contact_of
from audiences.people.self_service_changes import ADDRESS_FIELDS, has_changed_since
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import from_warehouse_time

MIN_FACTS: Final = 2
_COLUMNS: Final[Mapping[str, str]] = {
    "name": "name_key",
    "email": "mailbox",
    "phone": "phone",
    "address": "address_key",
}
_CHANGED_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("first_name", "last_name"),
    "address": ADDRESS_FIELDS,
}
_MOMENT: Final = "SELECT max(purchased_at) FROM receipts"


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """Facts about one member that an agent compares."""

    contact: Mapping[str, Any] = field(repr=False)
    birth_date: date | None = field(repr=False)
    last_purchase: datetime | None
    usable: frozenset[str]

    @property
    def birth_year(self) -> int | None:
        """Return the year of birth."""
        return None if self.birth_date is None else self.birth_date.year


@dataclass(frozen=True, slots=True)
class MergeAgreement:
    """Facts on which two ids agree. `conflict`: their dates of birth differ."""

    facts: Sequence[str]
    conflict: bool

    @property
    def is_enough(self) -> bool:
        """Return whether an agent may merge without a supervisor."""
        return len(self.facts) >= MIN_FACTS and not self.conflict


def facts_of(connection: Connection, warehouse: Warehouse, member_id: str, now: datetime) -> MemberFacts:
    """Return the facts about a member; one that was changed lately, or is not proven, counts for nothing."""
    contact = contact_of(connection, member_id)
    usable = {name for name in ("email", "phone") if is_long_proven(connection, member_id, name, now)}
    for fact, fields in _CHANGED_FIELDS.items():
        if not has_changed_since(connection, member_id, fields, now - WAIT):
            usable.add(fact)
    with closing(warehouse.connect_for_members([member_id], now)) as reader:
        is_declared = "birth_date" in warehouse.catalogue.tables["members"].columns
        born = reader.execute("SELECT birth_date FROM members").fetchone() if is_declared else None
        bought = reader.execute(_MOMENT).fetchone()
    last = None if bought is None or bought[0] is None else from_warehouse_time(bought[0])
    return MemberFacts(contact, None if born is None else born[0], last, frozenset(usable))


def agreement(one: MemberFacts, other: MemberFacts) -> MergeAgreement:
    """Compare two members; unknown facts never agree, not even with each other."""
    facts = [
        name
        for name, column in _COLUMNS.items()
        if name in one.usable & other.usable and one.contact[column] and one.contact[column] == other.contact[column]
    ]
    births = (one.birth_date, other.birth_date)
    is_known = None not in births
    same_birth = is_known and births[0] == births[1]
    return MergeAgreement([*(["birth_date"] if same_birth else []), *facts], is_known and not same_birth)
