"""Segment counts of a plan's text messages, measured before sending because each segment is paid for (TW-03)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from sqlalchemy import Connection, RowMapping, Select, func, select

from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.message_composers import SmsComposer
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.planning.run_files import ROW_GROUP_SIZE
from campaigns.store.runs.run_tables import DELIVERY

SAMPLE_SIZE: Final = 1_000
"""Sample size: a plan with more text messages is measured by composing this many."""

_SAMPLE_CLUSTERS: Final = 8
_CLUSTER_SPAN: Final = 4 * ROW_GROUP_SIZE
"""Sampled positions lie close together, because frozen fields are read one row group at a time."""


@dataclass(frozen=True, slots=True)
class SegmentDistribution:
    """Numbers of text messages by segment count: `messages_by_segments` sums to `messages`.

    `sample_size` of them were composed; the others are extrapolated. Key 0 counts messages that cannot be
    composed. They are refused like messages of more than `max_segments` segments, and are not paid for.
    """

    messages: int
    sample_size: int
    messages_by_segments: Mapping[int, int]
    max_segments: int

    @classmethod
    def extrapolate(cls, measured: Counter[int], messages: int, most: int) -> Self:
        """Extrapolate measured counts to all messages; rounding remainders go to the largest fractions."""
        written = measured.total()
        if not written:
            return cls(messages, 0, {0: messages} if messages else {}, most)
        quotas = {length: divmod(number * messages, written) for length, number in measured.items()}
        remainder = messages - sum(whole for whole, _ in quotas.values())
        rounded_up = sorted(quotas, key=lambda length: (-quotas[length][1], length))[:remainder]
        spread = {length: quotas[length][0] + (length in rounded_up) for length in sorted(quotas)}
        return cls(messages, written, {length: number for length, number in spread.items() if number}, most)

    @property
    def is_exact(self) -> bool:
        """Return whether every message was composed."""
        return self.sample_size == self.messages

    def is_refused(self, length: int) -> bool:
        """Return whether a message of this many segments is not sent."""
        return not 0 < length <= self.max_segments

    @property
    def refused(self) -> int:
        """Return how many messages will not be sent because they are too long or cannot be composed."""
        return sum(number for length, number in self.messages_by_segments.items() if self.is_refused(length))

    @property
    def segments(self) -> int:
        """Return how many segments will be sent and paid for."""
        return sum(
            length * number for length, number in self.messages_by_segments.items() if not self.is_refused(length)
        )

    def cost(self, price: Decimal) -> Decimal:
        """Return the cost at a price for one segment, rounded to the cent."""
        return (self.segments * price).quantize(Decimal("0.01"))


def measure_segments(
    connection: Connection, run_context: RunContext, composer: SmsComposer, messages: int
) -> SegmentDistribution:
    """Measure the segments of a plan's text messages.

    All messages of a small plan are composed; of a larger one, a sample from several clusters.
    """
    measured = {row["position"]: _segments(composer, row) for row in _sample_rows(connection, run_context)}
    return SegmentDistribution.extrapolate(
        Counter(measured.values()), messages, run_context.settings.channels.sms.max_segments
    )


def _segments(composer: SmsComposer, row: RowMapping) -> int:
    template = composer.templates[row["variant"], Language(row["language"])]
    try:
        return template.render(composer.contexts.build(row, row["position"], row["arm"])).segments
    except TemplateError:
        return 0


def _sample_rows(connection: Connection, run_context: RunContext) -> Iterator[RowMapping]:
    planned = PlanCounts.from_json(run_context.run.counts).sends.get(Channel.SMS, 0)
    last = (
        connection.execute(_planned_texts(run_context).with_only_columns(func.max(DELIVERY.c.position))).scalar_one()
        or 0
    )
    if planned <= SAMPLE_SIZE and last <= _SAMPLE_CLUSTERS * _CLUSTER_SPAN:
        yield from connection.execute(_planned_texts(run_context)).mappings()
        return
    for cluster in range(_SAMPLE_CLUSTERS):
        after_start = DELIVERY.c.position > last * cluster // _SAMPLE_CLUSTERS
        query = (
            _planned_texts(run_context)
            .where(after_start)
            .order_by(DELIVERY.c.position)
            .limit(SAMPLE_SIZE // _SAMPLE_CLUSTERS)
        )
        rows = connection.execute(query).mappings().all()
        yield from (row for row in rows if row["position"] < rows[0]["position"] + _CLUSTER_SPAN)


def _planned_texts(run_context: RunContext) -> Select[tuple[object, ...]]:
    """Return a statement for the planned text messages to known members."""
    return (
        select(DELIVERY.c.position, DELIVERY.c.variant, DELIVERY.c.arm, *CONTACT.c)
        .join_from(DELIVERY, CONTACT, CONTACT.c.member_id == DELIVERY.c.member_id)
        .where(DELIVERY.c.run_number == run_context.number, DELIVERY.c.channel == Channel.SMS)
    )
