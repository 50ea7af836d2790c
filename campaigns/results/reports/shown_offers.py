"""Offers that messages of a run showed, each in its place, streamed from the ledger."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel
from campaigns.core.model.offer import Offer
from campaigns.core.model.offer_reason import parse_chosen_offers
from campaigns.offers.message_order import order_by_picture
from campaigns.rendering.checks.offer_lists import ALL_OFFERS, number_of_offers
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.results.reports import click_counts
from campaigns.store.ledger.connection import Ledger

_PIECE: Final = 50_000  # messages: some hundred thousand places, or tens of megabytes
_SCHEMA: Final = pa.schema(
    [("member_id", pa.string()), ("offer", pa.int32()), ("place", pa.int32()), ("trackable", pa.bool_())]
)


@dataclass(frozen=True, slots=True)
class ShownOffers:
    """Offers of a run as its messages show them; `offer_ids` number them, `limits` are by variant and channel."""

    offer_ids: Sequence[str]
    offers: Mapping[str, Offer]
    limits: Mapping[tuple[str | None, str], int]
    numbers: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        numbers = {offer_id: number for number, offer_id in enumerate(self.offer_ids)}
        object.__setattr__(self, "numbers", numbers)

    @classmethod
    def of_run(
        cls, definition: Path, campaign: Campaign, offer_ids: Sequence[str], offers: Mapping[str, Offer]
    ) -> Self:
        """Return those of a run by its stored definition: a text message may name only the best of its offers."""
        limits: dict[tuple[str | None, str], int] = {}
        for variant in campaign.variants:
            for channel in Channel:
                name = variant.template(channel)
                if name is not None:
                    folder = load_template_folder(definition, channel, name)
                    limits[variant.name, channel.value] = number_of_offers(folder)
        return cls(offer_ids, offers, limits)

    def pieces(self, ledger: Ledger, run_number: int) -> Iterator[pa.Table]:
        """Yield the places of the run's delivered messages, some messages at a time.

        A piece has `member_id`, the `offer` by number, its `place` from 1, and `trackable`, whether a click in the
        message could be noted for its member.
        """
        after = ""
        while True:
            with ledger.read() as connection:
                messages = click_counts.messages_with_offers(connection, run_number, after, _PIECE)
            if messages:
                yield self._piece(messages)
            if len(messages) < _PIECE:
                return
            after = messages[-1][0]

    def _piece(self, messages: Sequence[Sequence[Any]]) -> pa.Table:
        placed: dict[tuple[str, int], Sequence[int]] = {}
        columns: tuple[list[str], list[int], list[int], list[bool]] = ([], [], [], [])
        members, numbers, places, flags = columns
        for member_id, variant, channel, text, trackable in messages:
            key = text, self.limits.get((variant, channel), 0)
            if key not in placed:
                placed[key] = self._numbers(*key)
            in_order = placed[key]
            members += [member_id] * len(in_order)
            numbers += in_order
            places += range(1, len(in_order) + 1)
            flags += [bool(trackable)] * len(in_order)
        return pa.table([pa.array(part, field.type) for part, field in zip(columns, _SCHEMA, strict=True)], _SCHEMA)

    def _numbers(self, text: str, limit: int) -> Sequence[int]:
        """Return the numbers of a message's offers in the order in which it shows them."""
        chosen = [each.offer_id for each in parse_chosen_offers(text, self.offer_ids)]
        ordered = order_by_picture([self.offers[offer_id] for offer_id in chosen if offer_id in self.offers])
        numbers = [self.numbers[offer.id] for offer in ordered]
        return numbers if limit == ALL_OFFERS else numbers[:limit]
