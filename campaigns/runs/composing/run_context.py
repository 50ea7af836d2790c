"""A run on its way out: what every step of its dispatch needs to know."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from campaigns.core.clock import local_day
from campaigns.core.model.campaign import Campaign, Cap
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.runs.planning.frequency_caps import caps_of
from campaigns.runs.planning.run_files import RunFiles
from campaigns.store.runs.run_tables import Run


@dataclass(frozen=True, slots=True)
class Job:
    """One run with the campaign as it was planned."""

    run: Run
    campaign: Campaign
    settings: Settings
    signer: Signer
    files: RunFiles

    @property
    def number(self) -> int:
        """The run's number in the ledger."""
        return self.run.number or 0

    @property
    def send_by(self) -> datetime:
        """When claiming ends; what waits then expires."""
        return self.run.send_by or self.run.due_at + self.campaign.schedule.send_by

    @property
    def caps(self) -> tuple[Cap, ...]:
        """The caps that hold at the claim, as they did for the plan."""
        return caps_of(self.campaign, self.settings)

    @property
    def lease(self) -> timedelta:
        """How long a claim holds before the sweeper looks at it."""
        return timedelta(seconds=self.settings.dispatch.lease)

    def may_claim(self, channel: Channel, now: datetime) -> bool:
        """Whether the hour allows to send: before `send_by`, and not in quiet hours."""
        return now < self.send_by and not self.is_quiet(channel, now)

    def good_until(self, channel: Channel, now: datetime) -> datetime:
        """Until when something may be said that is claimed now: while its claim holds, and not into quiet hours."""
        silent = self.quiet_from(channel, now)
        return now + self.lease if silent is None else min(now + self.lease, silent)

    def provider_of(self, channel: Channel) -> str:
        """The name of the provider that delivers a channel."""
        return str(getattr(self.settings.channels, channel.value).provider)

    def opaque_id(self, position: int) -> str:
        """The name of a delivery for everybody outside; the same for a message that is written again."""
        return self.signer.delivery_name(self.number, position)

    def is_quiet(self, channel: Channel, now: datetime) -> bool:
        """Whether a channel is in its quiet hours."""
        quiet = self.campaign.quiet_hours.get(channel)
        return quiet is not None and quiet.holds_at(now.astimezone(self.campaign.schedule.zone).time())

    def quiet_until(self, channel: Channel, now: datetime) -> datetime:
        """When the quiet hours that `now` falls in end, by the clock on the wall.

        An end that comes twice ends them both times; one that the clocks jump over comes later by as much, or not
        at all that night when they have begun again by then.
        """
        ends = self._on_the_wall(self.campaign.quiet_hours[channel].end, now)
        return min(moment for moment in ends if moment > now and not self.is_quiet(channel, moment))

    def quiet_from(self, channel: Channel, now: datetime) -> datetime | None:
        """When the next quiet hours of a channel begin, by the clock on the wall; None: it has none.

        A beginning that comes twice begins them both times; one that the clocks jump over comes later by as much.
        """
        if channel not in self.campaign.quiet_hours:
            return None
        starts = self._on_the_wall(self.campaign.quiet_hours[channel].start, now)
        return min(moment for moment in starts if moment > now and self.is_quiet(channel, moment))

    def _on_the_wall(self, time: time, now: datetime) -> Iterator[datetime]:
        """When it is so late today and on the next days, twice where the clocks are turned back over it."""
        zone = self.campaign.schedule.zone
        today = local_day(now, zone)
        for days in (0, 1, 2):
            for fold in (0, 1):
                yield datetime.combine(today + timedelta(days=days), time, zone).replace(fold=fold).astimezone(UTC)
