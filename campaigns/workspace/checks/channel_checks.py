"""Checks of a campaign's channels: permitted for its purpose, listed once, with templates."""

from collections.abc import Iterator
from typing import Final

from campaigns.core.errors import Problem
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.yaml.located import Located
from campaigns.workspace.campaign_source import CampaignSource, error, warning

_ALL = tuple(Channel)
_WRITTEN_CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.POST)

# The cells of the permission table that are not "–" (design, section 5): some choice can permit these channels.
CHANNELS_BY_PURPOSE: Final[dict[Purpose, tuple[Channel, ...]]] = {
    Purpose.NEWSLETTER: (Channel.EMAIL,),
    Purpose.MARKETING: _ALL,
    Purpose.OWNER_POST: (Channel.EMAIL, Channel.POST),
    Purpose.SURVEY: _ALL,
    Purpose.MAGAZINE: (Channel.POST,),
    Purpose.SERVICE: _WRITTEN_CHANNELS,
    Purpose.RIGHTS: _WRITTEN_CHANNELS,
}
PARTNER_CHANNELS: Final = _WRITTEN_CHANNELS


def check_channels_permitted(source: CampaignSource) -> Iterator[Problem]:
    """Refuse channels outside the permission table: no choice of a member can permit them."""
    permitted = PARTNER_CHANNELS if source.file.sender.partner else CHANNELS_BY_PURPOSE[source.file.purpose]
    message_kind = "partner's message" if source.file.sender.partner else f"`{source.file.purpose}` campaign"
    for channel, at in _channel_locations(source):
        if channel not in permitted:
            names = ", ".join(f"`{name}`" for name in permitted)
            yield error(at, f"a {message_kind} may not go by `{channel}`", "channel_not_permitted", f"only {names}")


def check_channels_unique(source: CampaignSource) -> Iterator[Problem]:
    """Refuse a channel that is listed twice."""
    channels = source.file.channels or ()
    for index, channel in enumerate(channels):
        if channel in channels[:index]:
            at = source.at.part("channels").part(index)
            yield error(at, f"`{channel}` is listed twice", "duplicate_channel", "remove one")


def check_channel_templates(source: CampaignSource) -> Iterator[Problem]:
    """Refuse a listed channel without a template (it reaches nobody); warn of a template without its channel."""
    for index, channel in enumerate(source.file.channels or ()):
        if source.variants and not any(variant.template(channel) for variant in source.variants):
            hint = f"add `{channel}: my_template`, or remove `{channel}` from `channels`"
            at = source.at.part("channels").part(index)
            yield error(at, f"no variant has a template for `{channel}`", "channel_without_template", hint)
    for variant, at in zip(source.variants, source.variant_locations(), strict=True):
        for channel in Channel:
            if variant.template(channel) and channel not in source.channels:
                message = f"this template is not used: `channels` does not list `{channel}`"
                yield warning(at.part(channel.value), message, "unused_template", f"add `{channel}` to `channels`")


def check_quiet_hours(source: CampaignSource) -> Iterator[Problem]:
    """Warn of quiet hours for a channel that the campaign does not use; another is probably meant."""
    for channel in source.file.quiet_hours:
        if channel not in source.channels:
            at = source.at.part("quiet_hours").part(channel.value)
            names = " or ".join(f"`{name}`" for name in source.channels) or "a channel of this campaign"
            yield warning(at, f"`{channel}` is not a channel of this campaign", "unused_quiet_hours", names)


def _channel_locations(source: CampaignSource) -> Iterator[tuple[Channel, Located]]:
    """Yield each channel with its location: its item in `channels`, or its first template when there is no list."""
    if source.file.channels is not None:
        yield from zip(source.file.channels, source.at.part("channels").items(), strict=True)
        return
    seen: set[Channel] = set()
    for variant, at in zip(source.variants, source.variant_locations(), strict=True):
        for channel in Channel:
            if variant.template(channel) and channel not in seen:
                seen.add(channel)
                yield channel, at.part(channel.value)
