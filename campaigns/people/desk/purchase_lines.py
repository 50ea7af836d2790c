"""Purchase lines of one member: for experts only, by exact criteria, for a stated purpose (A-25)."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from audiences.people.contacts import contact_of
from campaigns.core.clock import from_warehouse_time, midnight, to_warehouse_time
from campaigns.core.errors import UserError
from campaigns.people.desk.access_reasons import AccessReason
from campaigns.store.people import audit
from campaigns.workspace.context import Context

MAX_PERIOD: Final = timedelta(days=31)
MAX_LINES: Final = 200


@dataclass(frozen=True, slots=True)
class PurchaseCriteria:
    """Period and store or department, or both; a query for all purchases is not possible."""

    first: date
    last: date
    store: str = ""
    department: str = ""

    def __post_init__(self) -> None:
        """Raise UserError when the criteria are too wide."""
        if not timedelta() <= self.last - self.first < MAX_PERIOD:
            message = f"ask for at most {MAX_PERIOD.days} days"
            raise UserError.about("days", message, "too_many_days", "the day of the receipt is best")
        if not (self.store or self.department):
            raise UserError.about("criteria", "name the store or the department", "too_wide", "ask which it was")

    @property
    def detail(self) -> Mapping[str, str]:
        """Return the audit log detail."""
        period = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return {**period, "store": self.store, "department": self.department}


@dataclass(frozen=True, slots=True)
class PurchaseLines:
    """Matching lines, oldest first, and whether there are more than are shown."""

    rows: Sequence[Mapping[str, Any]]
    more: bool


def note_query(context: Context, member_id: str, criteria: PurchaseCriteria, reason: AccessReason) -> None:
    """Write the query for a member's lines into the audit log, before a line is read.

    Raise UserError for an unknown member, and when special goods are not protected.
    """
    context.repository.goods_protection.require_special()
    subject = audit.subject_of_member(context.signer, member_id)
    with context.ledger.write() as connection:
        contact_of(connection, member_id)
        detail = {**criteria.detail, **reason.detail}
        audit.record(connection, context.clock.now(), context.actor, "read_lines", subject, detail)


def read_lines(context: Context, member_id: str, criteria: PurchaseCriteria) -> PurchaseLines:
    """Return the lines that match the criteria of a query that `note_query` wrote into the audit log.

    Lines of special goods and lines past their retention are left out here, too. Raises UserError for an erased member.
    """
    now, zone = context.clock.now(), context.repository.settings.zone
    with context.ledger.read() as connection:
        contact_of(connection, member_id)
    since = to_warehouse_time(midnight(criteria.first, zone))
    until = to_warehouse_time(midnight(criteria.last + timedelta(days=1), zone))
    conditions = ["member_id = $1", "purchased_at >= $2", "purchased_at < $3"]
    values: list[Any] = [member_id, since, until]
    for column, wanted in (("store_id", criteria.store), ("department", criteria.department)):
        if wanted:
            values.append(wanted)
            conditions.append(f"lower({column}) = lower(${len(values)})")
    query = (
        "SELECT purchased_at, store_id, department, product_type, quantity, amount FROM purchase_lines "
        f"WHERE {' AND '.join(conditions)} ORDER BY purchased_at, basket_id, product_type LIMIT {MAX_LINES + 1}"
    )
    with closing(context.repository.warehouse.connect_for_members([member_id], now)) as warehouse:
        result = warehouse.execute(query, values)
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    for row in rows:
        row["purchased_at"] = from_warehouse_time(row["purchased_at"])
    return PurchaseLines(rows[:MAX_LINES], len(rows) > MAX_LINES)
