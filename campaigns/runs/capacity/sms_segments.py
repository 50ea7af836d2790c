"""How long the text messages of a plan are for their readers, before anyone pays for them (TW-03)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from sqlalchemy import Connection, RowMapping, Select, func, select

from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.message_composers import SmsPen
from campaigns.runs.composing.run_context import Job
from campaigns.runs.planning.plan_counts import Tally
from campaigns.runs.planning.run_files import ROWS_IN_GROUP
from campaigns.store.runs.run_tables import DELIVERY

ENOUGH: Final = 1_000
"""Of a plan with more text messages so many are written."""

_SPOTS: Final = 8
_REACH: Final = 4 * ROWS_IN_GROUP
"""Those that are written lie together: what is frozen about members is read a row group at a time."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Text messages by their segments: `spread` sums to `messages`.

    `written` of them were written for their readers, and the others are taken to be like those. Under 0 are those that
    cannot be written; they are refused as those of more than `most` segments are, and nobody pays for them.
    """

    messages: int
    written: int
    spread: Mapping[int, int]
    most: int

    @classmethod
    def like(cls, measured: Counter[int], messages: int, most: int) -> Self:
        """So many messages, spread as the measured ones are; what does not come out even goes to the largest rests."""
        written = measured.total()
        if not written:
            return cls(messages, 0, {0: messages} if messages else {}, most)
        shares = {length: divmod(number * messages, written) for length, number in measured.items()}
        left = messages - sum(whole for whole, _ in shares.values())
        rounded_up = sorted(shares, key=lambda length: (-shares[length][1], length))[:left]
        spread = {length: shares[length][0] + (length in rounded_up) for length in sorted(shares)}
        return cls(messages, written, {length: number for length, number in spread.items() if number}, most)

    @property
    def is_exact(self) -> bool:
        """Whether every message was written."""
        return self.written == self.messages

    def is_refused(self, length: int) -> bool:
        """Whether a message of so many segments is not sent."""
        return not 0 < length <= self.most

    @property
    def refused(self) -> int:
        """How many will not be sent, being too long or not to be written."""
        return sum(number for length, number in self.spread.items() if self.is_refused(length))

    @property
    def segments(self) -> int:
        """How many segments are carried and paid for."""
        return sum(length * number for length, number in self.spread.items() if not self.is_refused(length))

    def cost(self, price: Decimal) -> Decimal:
        """What they cost at a price for one segment, to the cent."""
        return (self.segments * price).quantize(Decimal("0.01"))


def lengths_of(connection: Connection, job: Job, pen: SmsPen, messages: int) -> Lengths:
    """How long so many text messages of a plan are.

    All are written of a plan with few; of others some that lie spread over it.
    """
    measured = {row["position"]: _segments(pen, row) for row in _some(connection, job)}
    return Lengths.like(Counter(measured.values()), messages, job.settings.channels.sms.max_segments)


def _segments(pen: SmsPen, row: RowMapping) -> int:
    template = pen.templates[row["variant"], Language(row["language"])]
    try:
        return template.render(pen.contexts.of(row, row["position"], row["arm"])).segments
    except TemplateError:
        return 0


def _some(connection: Connection, job: Job) -> Iterator[RowMapping]:
    planned = Tally.from_json(job.run.counts).sends.get(Channel.SMS, 0)
    last = connection.execute(_texts(job).with_only_columns(func.max(DELIVERY.c.position))).scalar_one() or 0
    if planned <= ENOUGH and last <= _SPOTS * _REACH:
        yield from connection.execute(_texts(job)).mappings()
        return
    for spot in range(_SPOTS):
        begins = DELIVERY.c.position > last * spot // _SPOTS
        found = _texts(job).where(begins).order_by(DELIVERY.c.position).limit(ENOUGH // _SPOTS)
        rows = connection.execute(found).mappings().all()
        yield from (row for row in rows if row["position"] < rows[0]["position"] + _REACH)


def _texts(job: Job) -> Select[tuple[object, ...]]:
    """The planned text messages to members whom we know."""
    return (
        select(DELIVERY.c.position, DELIVERY.c.variant, DELIVERY.c.arm, *CONTACT.c)
        .join_from(DELIVERY, CONTACT, CONTACT.c.member_id == DELIVERY.c.member_id)
        .where(DELIVERY.c.run_number == job.number, DELIVERY.c.channel == Channel.SMS)
    )
