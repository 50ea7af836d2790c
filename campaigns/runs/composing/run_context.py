"""Context of a run that is being sent: run, campaign, settings, signer and files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from campaigns.core.clock import local_day
from campaigns.core.model.campaign import Campaign, FrequencyCap
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.runs.planning.frequency_caps import applicable_caps
from campaigns.runs.planning.run_files import RunFiles
from campaigns.store.runs.run_tables import Run


@dataclass(frozen=True, slots=True)
class RunContext:
    """Run with the campaign as planned, and what its dispatch needs."""

    run: Run
    campaign: Campaign
    settings: Settings
    signer: Signer
    files: RunFiles

    @property
    def number(self) -> int:
        """Return the run's number in the ledger."""
        return self.run.number or 0

    @property
    def send_by(self) -> datetime:
        """Return when claiming ends; deliveries still pending then expire."""
        return self.run.send_by or self.run.due_at + self.campaign.schedule.send_by

    @property
    def caps(self) -> tuple[FrequencyCap, ...]:
        """Return the frequency caps, the same at the claim as for the plan."""
        return applicable_caps(self.campaign, self.settings)

    @property
    def lease(self) -> timedelta:
        """Return how long a claim is valid before the sweeper takes it over."""
        return timedelta(seconds=self.settings.dispatch.lease)

    def may_claim(self, channel: Channel, now: datetime) -> bool:
        """Return whether sending is allowed now: before `send_by` and outside quiet hours."""
        return now < self.send_by and not self.is_quiet(channel, now)

    def send_deadline(self, channel: Channel, now: datetime) -> datetime:
        """Return until when a delivery claimed now may be sent: within its lease and before quiet hours."""
        quiet_start = self.next_quiet_hours_start(channel, now)
        return now + self.lease if quiet_start is None else min(now + self.lease, quiet_start)

    def provider_name(self, channel: Channel) -> str:
        """Return the name of the provider that delivers a channel."""
        return str(getattr(self.settings.channels, channel.value).provider)

    def opaque_id(self, position: int) -> str:
        """Return the public name of a delivery; it stays the same when the message is composed again."""
        return self.signer.delivery_reference(self.number, position)

    def is_quiet(self, channel: Channel, now: datetime) -> bool:
        """Return whether a channel is in its quiet hours."""
        quiet = self.campaign.quiet_hours.get(channel)
        return quiet is not None and quiet.includes(now.astimezone(self.campaign.schedule.zone).time())

    def quiet_hours_end(self, channel: Channel, now: datetime) -> datetime:
        """Return when the quiet hours that contain `now` end, in local time.

        When clocks are turned back over the end, quiet hours end both times. When clocks skip the end, it comes later
        by the skipped time, or not at all that night if the next quiet hours have begun by then.
        """
        ends = self._local_time(self.campaign.quiet_hours[channel].end, now)
        return min(moment for moment in ends if moment > now and not self.is_quiet(channel, moment))

    def next_quiet_hours_start(self, channel: Channel, now: datetime) -> datetime | None:
        """Return when the next quiet hours of a channel begin, in local time, or None if it has none.

        When clocks are turned back over the beginning, quiet hours begin both times. When clocks skip it, they begin
        later by the skipped time.
        """
        if channel not in self.campaign.quiet_hours:
            return None
        starts = self._local_time(self.campaign.quiet_hours[channel].start, now)
        return min(moment for moment in starts if moment > now and self.is_quiet(channel, moment))

    def _local_time(self, time: time, now: datetime) -> Iterator[datetime]:
        """Yield the instants of a time of day today and on the next two days: two where clocks are turned back."""
        zone = self.campaign.schedule.zone
        today = local_day(now, zone)
        for days in (0, 1, 2):
            for fold in (0, 1):
                yield datetime.combine(today + timedelta(days=days), time, zone).replace(fold=fold).astimezone(UTC)
