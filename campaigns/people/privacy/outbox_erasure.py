"""Erasure in the outbox: a member's own messages at once, files of many members when their retention is over."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, select

from campaigns.channels import outbox_files
from campaigns.channels.claimed_delivery import NOTICES_RUN
from campaigns.core.model.enums import Channel
from campaigns.core.model.retention_evidence import RetentionEvidence
from campaigns.core.tokens import InvalidTokenError
from campaigns.runs.proofs.proof import MEMBER_PROOF
from campaigns.store.people.people_tables import NOTICE
from campaigns.store.runs import deliveries
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState
from campaigns.workspace.context import Context

_BUNDLED: Final = (Channel.POST.value, Channel.PHONE.value)


def remove_messages(context: Context, member_id: str) -> None:
    """Remove e-mails, text messages and notices of a member from the outbox; call it again after a crash."""
    outbox = context.workspace.outbox
    with context.ledger.read() as connection:
        positions_by_run = _positions(connection, member_id)
        notices = connection.execute(select(NOTICE.c.number).where(NOTICE.c.member_id == member_id)).scalars().all()
    for (run, number), positions in positions_by_run.items():
        outbox_files.remove_messages(outbox, run, positions, _TextFilter(context, number, positions))
    names = {name for number in notices for name in context.signer.keyed_hashes("note", number)}
    outbox_files.remove_messages(outbox, NOTICES_RUN, frozenset(notices), names.__contains__)


def remove_proofs(context: Context, member_id: str) -> None:
    """Remove the proofs that were written with a member's values."""
    for name in context.signer.keyed_hashes(MEMBER_PROOF, member_id):
        for folder in context.workspace.outbox.glob(f"proof-*-{name}"):
            outbox_files.delete_folder(folder)


def last_bundle_end(connection: Connection, member_id: str, now: datetime) -> datetime | None:
    """Return when the last run closed that handed over letters or calls of a member; `now` for an open one."""
    of_member = (deliveries.for_members([member_id]), DELIVERY.c.state == DeliveryState.ACCEPTED.value)
    query = select(RUN.c.closed_at).join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number)
    ends = connection.execute(query.where(*of_member, DELIVERY.c.channel.in_(_BUNDLED))).scalars().all()
    return max((end or now for end in ends), default=None)


def delete_old_files(context: Context) -> RetentionEvidence:
    """Delete what runs and notices wrote once its retention is over; return the evidence.

    The ledger knows when a run closed and when a notice ended. Anything else is as old as its newest file.
    """
    period = context.repository.settings.retention.outbox
    limit = context.clock.now() - period
    with context.ledger.read() as connection:
        ends = {row.run_id: row.closed_at for row in connection.execute(select(RUN.c.run_id, RUN.c.closed_at))}
        recent = NOTICE.c.ended_at.is_(None) | (NOTICE.c.ended_at >= limit)
        notices = connection.execute(select(NOTICE.c.number).where(recent)).scalars().all()
    names = {name for number in notices for name in context.signer.keyed_hashes("note", number)}
    removed = outbox_files.remove_other_notices(context.workspace.outbox, frozenset(notices), names)
    remaining: list[datetime] = []
    for folder in outbox_files.run_folders(context.workspace.outbox):
        written = datetime.fromtimestamp(outbox_files.newest_change(folder), UTC) + context.clock.shift
        end = ends.get(folder.name, written)
        if end is not None and end < limit:
            removed += outbox_files.delete_folder(folder)
        else:
            remaining.append(end or context.clock.now())
    return RetentionEvidence("outbox", period, removed, len(remaining), min(remaining, default=None))


class _TextFilter:
    """Filter of the text messages at some positions of a run, by the reference of their delivery."""

    def __init__(self, context: Context, run_number: int, positions: frozenset[int]) -> None:
        self._signer, self._run_number, self._positions = context.signer, run_number, positions

    def __call__(self, name: str) -> bool:
        try:
            link = self._signer.read_delivery_reference(name)
        except InvalidTokenError:
            return False
        return link.run_number == self._run_number and link.position in self._positions


def _positions(connection: Connection, member_id: str) -> Mapping[tuple[str, int], frozenset[int]]:
    """Return the positions of a member's deliveries by run id and number."""
    query = select(RUN.c.run_id, RUN.c.number, DELIVERY.c.position)
    rows = connection.execute(
        query.join_from(DELIVERY, RUN, RUN.c.number == DELIVERY.c.run_number).where(deliveries.for_members([member_id]))
    )
    positions = defaultdict[tuple[str, int], set[int]](set)
    for run, number, position in rows:
        positions[run, number].add(position)
    return {run: frozenset(of_run) for run, of_run in positions.items()}
