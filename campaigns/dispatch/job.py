"""A run on its way out: what every step of its dispatch needs to know."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaigns.clock import local_day
from campaigns.planning.caps import caps_of
from campaigns.planning.run_files import RunFiles
from campaigns.spec.campaign import Campaign, Cap
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel
from campaigns.store.tables import Run
from campaigns.tokens import Signer


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
        zone, end = self.campaign.schedule.zone, self.campaign.quiet_hours[channel].end
        today = local_day(now, zone)
        ends = [
            datetime.combine(today + timedelta(days=days), end, zone).replace(fold=fold).astimezone(UTC)
            for days in (0, 1, 2)
            for fold in (0, 1)
        ]
        return min(moment for moment in ends if moment > now and not self.is_quiet(channel, moment))

    def quiet_from(self, channel: Channel, now: datetime) -> datetime | None:
        """When the next quiet hours of a channel begin; None: it has none."""
        if channel not in self.campaign.quiet_hours:
            return None
        zone, start = self.campaign.schedule.zone, self.campaign.quiet_hours[channel].start
        today = local_day(now, zone)
        starts = (datetime.combine(today + timedelta(days=days), start, zone).astimezone(UTC) for days in (0, 1, 2))
        return min(moment for moment in starts if moment > now)
