"""Link tracking in e-mails: clicks counted by link, and by member only with the member's tracking consent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any, Final

from campaigns.core.model.enums import Purpose
from campaigns.core.tokens import TrackedLink
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import public_base_url

CLICK_PATH: Final = "c"
_UNTRACKED_PURPOSES: Final = frozenset({Purpose.SERVICE, Purpose.RIGHTS})
"""Purposes whose links are not tracked at all, not even in total."""
COUNTED_SENDS: Final = 20
"""Fewest planned messages with an offer at which clicks of members without tracking consent are counted.

One link in a few messages would tell who followed it (C-14).
"""
PLACED_SENDS: Final = 200
"""Fewest planned messages with an offer at which these clicks are counted by its place."""


@dataclass(frozen=True, slots=True)
class LinkTracker:
    """Rewriter of the links in one run's e-mails; links to our own pages and other links that differ by member stay.

    The link of an offer knows its place in the message: the same offer stands in another place for others.
    """

    run_context: RunContext
    _shared: dict[tuple[str, int], str] = field(default_factory=dict, init=False)
    _planned_sends: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        counts = self.run_context.run.counts
        self._planned_sends.update(zip(counts.get("offer_ids", ()), counts.get("offer_sends", ()), strict=False))

    def shared_link(self, target: str) -> str:
        """Return the tracking link of a target, shared by all recipients (C-14, GD-22)."""
        return self._link_in_html(target, None)

    def track_links(self, html: str, template: EmailTemplate, position: int) -> str:
        """Return a member's message with tracking links of their own; only with the member's consent."""
        for target in template.shared_links:
            html = html.replace(f'href="{target}"', f'href="{self._link_in_html(target, position)}"')
        return html

    def lead_offers(self, offers: object, position: int | None) -> list[Mapping[str, Any]]:
        """Return the offers of a message with tracking links as their addresses.

        With the member's tracking consent they belong to the delivery at `position`. Without it, `position` is None and
        everybody with an offer in the same place has the same link; that of an offer in few messages is not tracked.
        """
        listed: list[Mapping[str, Any]] = offers if isinstance(offers, list) else []
        return [self._lead_offer(offer, place, position) for place, offer in enumerate(listed, 1)]

    def _lead_offer(self, offer: Mapping[str, Any], place: int, position: int | None) -> Mapping[str, Any]:
        if offer["url"] is None:
            return offer
        if position is not None:
            return {**offer, "url": self._link(offer["url"], position, place)}
        sends = self._planned_sends.get(offer["id"], 0)
        if sends < COUNTED_SENDS:
            return offer
        key = offer["url"], place
        if key not in self._shared:  # as many as offers times places
            self._shared[key] = self._link(offer["url"], None, place if sends >= PLACED_SENDS else None)
        return {**offer, "url": self._shared[key]}

    def _link_in_html(self, target: str, position: int | None) -> str:
        link = self._link(unescape(target), position, None)
        return target if link == unescape(target) else escape(link)

    def _link(self, target: str, position: int | None, place: int | None) -> str:
        base_url = public_base_url(self.run_context.settings)
        if self.run_context.campaign.purpose in _UNTRACKED_PURPOSES or target.startswith(base_url):
            return target
        link = TrackedLink(self.run_context.number, position, target, place)
        return f"{base_url}/{CLICK_PATH}/{self.run_context.signer.tracked_link_token(link)}"
