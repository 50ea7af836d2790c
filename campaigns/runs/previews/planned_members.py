"""Members of a plan for a gallery, drawn by a seed so that every variant and channel comes first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from random import Random
from typing import Any, Final

from audiences.people.contacts import contacts_of
from campaigns.core.model.enums import Channel
from campaigns.runs.queries import Queries
from campaigns.store.runs import deliveries
from campaigns.store.runs.run_tables import Run
from campaigns.workspace.campaign_definition import CampaignDefinition

_DRAWN_PER_MEMBER: Final = 8
_DRAWN_AT_LEAST: Final = 60


@dataclass(frozen=True, slots=True)
class PlannedMember:
    """Member who would get a message now: contact, variant, channel, arm and the fields of the templates."""

    contact: Mapping[str, Any]
    variant: str
    channel: Channel
    arm: str | None
    fields: Mapping[str, Any]


def draw_members(
    queries: Queries, definition: CampaignDefinition, run: Run, seed: int, count: int
) -> list[PlannedMember]:
    """Return up to `count` members of a plan who would still get a message by the files as they are now.

    The same seed draws the same members of the same plan. A plan of millions is drawn from by position, not read.
    Erased and restricted members are not among them.
    """
    drawn = _draw(queries, run, seed, max(count * _DRAWN_PER_MEMBER, _DRAWN_AT_LEAST))
    if not drawn:
        return []
    with queries.plan_without_saving(definition, run.due_at, tuple(drawn)) as plan:
        sends = [row for row in plan.session.fetch_dicts(plan.ordered_decisions()) if row["kind"] == "send"]
        fields = {row["position"]: row for row in plan.session.fetch_dicts(plan.field_rows())}
    order = {member_id: number for number, member_id in enumerate(drawn)}
    chosen = sorted(sends, key=lambda row: order[row["member_id"]])
    chosen = list(_in_turns(chosen))[:count]
    with queries.context.ledger.read() as connection:
        contacts = contacts_of(connection, [row["member_id"] for row in chosen])
    return [
        PlannedMember(
            contacts[row["member_id"]], row["variant"], Channel(row["channel"]), row["arm"], fields[row["position"]]
        )
        for row in chosen
        if row["member_id"] in contacts
    ]


def _draw(queries: Queries, run: Run, seed: int, count: int) -> list[str]:
    """Return members of a plan in the order of the draw."""
    chance = Random(f"{seed} {run.run_id}")  # noqa: S311 - a sample that can be drawn again
    with queries.context.ledger.read() as connection:
        first, last = deliveries.position_range(connection, run.number or 0)
        positions = range(first, last + 1)
        sample = chance.sample(positions, min(count, len(positions)))
        members = deliveries.members_at(connection, run.number or 0, sample)
    return [members[position] for position in sample if position in members]


def _in_turns(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield rows so that each variant and channel has its turn."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["variant"], row["channel"]), []).append(row)
    return (row for row in chain.from_iterable(zip_longest(*groups.values())) if row is not None)
