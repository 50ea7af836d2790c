"""Members of a plan, read row by row: those who get a message, or those left out with their reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select

from audiences.tables import CHOICES, CONTACT
from campaigns.core.errors import UserError, closest_match
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.queries import Queries
from campaigns.store.runs.decisions import SEND, SKIP
from campaigns.store.runs.run_tables import DECISION, DELIVERY, Run

EVERY_REASON: Final = "all"
_REASONS: Final = tuple(dict.fromkeys(reason.value for reason in (*SkipReason, *EndReason)))
_ROWS_AT_ONCE: Final = 10_000
_JOINED: Final = (
    DECISION.join(CONTACT, CONTACT.c.member_id == DECISION.c.member_id)  # erased members have none
    .outerjoin(CHOICES, CHOICES.c.member_id == DECISION.c.member_id)
    .outerjoin(
        DELIVERY, (DELIVERY.c.run_number == DECISION.c.run_number) & (DELIVERY.c.position == DECISION.c.position)
    )
)
_MAY_BE_SHOWN: Final = func.coalesce(CHOICES.c.restricted, False).is_(False)


@dataclass(frozen=True, slots=True)
class PlanMember:
    """Member of a plan. `reason` is the one for being left out, or for which the delivery ended unaccepted."""

    member_id: str
    variant: str
    channel: str
    arm: str
    state: str
    reason: str


@dataclass(frozen=True)
class PlanMembers:
    """Members of one plan: those who get a message, or, with a `reason`, those whom it left out or stopped.

    The reason `all` lists everybody left out. Erased members, and those whose data is restricted, are not listed.
    """

    queries: Queries
    run: Run
    reason: str | None = None
    variant: str | None = None

    def require_known(self) -> None:
        """Raise UserError for a reason or a variant that cannot be, with the closest that can."""
        if self.reason is not None and self.reason not in (*_REASONS, EVERY_REASON):
            hint = (
                closest_match(self.reason, _REASONS) or f"one of: {', '.join(self._reasons_of_plan()) or EVERY_REASON}"
            )
            raise UserError.about(self.reason, "there is no reason of this name", "unknown_reason", hint)
        variants = [] if self.variant is None else self._variants()
        if self.variant is not None and self.variant not in variants:
            hint = closest_match(self.variant, variants) or f"one of: {', '.join(variants)}"
            raise UserError.about(self.variant, "the campaign has no variant of this name", "unknown_variant", hint)

    def rows(self) -> Iterator[PlanMember]:
        """Yield the members by id, from one snapshot of the ledger, some thousand in memory at a time."""
        statement = self._select(
            DECISION.c.member_id,
            DECISION.c.variant,
            DECISION.c.channel,
            DECISION.c.arm,
            DELIVERY.c.state,
            func.coalesce(DECISION.c.reason, DELIVERY.c.reason),
        )
        ordered = statement.where(_MAY_BE_SHOWN).order_by(DECISION.c.member_id)
        with self.queries.context.ledger.read() as connection:
            for row in connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(ordered):
                yield PlanMember(*(value or "" for value in row))

    def hidden(self) -> int:
        """Return how many are not listed, because they were erased, or their data is restricted."""
        of_plan = (
            select(func.count())
            .select_from(
                DECISION.outerjoin(
                    DELIVERY,
                    (DELIVERY.c.run_number == DECISION.c.run_number) & (DELIVERY.c.position == DECISION.c.position),
                )
            )
            .where(self._condition())
        )
        with self.queries.context.ledger.read() as connection:
            listed = connection.execute(self._select(func.count()).where(_MAY_BE_SHOWN)).scalar_one()
            return int(connection.execute(of_plan).scalar_one() - listed)

    def _select(self, *columns: Any) -> Select[Any]:
        return select(*columns).select_from(_JOINED).where(self._condition())

    def _condition(self) -> ColumnElement[bool]:
        condition = DECISION.c.run_number == (self.run.number or 0)
        if self.reason is None:
            condition &= DECISION.c.kind == SEND
        elif self.reason == EVERY_REASON:
            condition &= DECISION.c.kind == SKIP
        else:
            condition &= or_(DECISION.c.reason == self.reason, DELIVERY.c.reason == self.reason)
        return condition if self.variant is None else condition & (DECISION.c.variant == self.variant)

    def _variants(self) -> list[str]:
        return [variant.name for variant in self.queries.run_definitions.campaign(self.run).variants]

    def _reasons_of_plan(self) -> list[str]:
        return sorted(PlanCounts.from_json(self.run.counts).skips)
