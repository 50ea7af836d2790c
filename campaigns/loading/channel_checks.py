"""Whether a campaign's channels have something to say, and whether its purpose may use them."""

from collections.abc import Iterator
from typing import Final

from campaigns.errors import Problem
from campaigns.loading.written import Written, error, warning
from campaigns.spec.located import Located
from campaigns.spec.words import Channel, Purpose

_ALL = tuple(Channel)
_WRITTEN = (Channel.EMAIL, Channel.SMS, Channel.POST)

# The cells of the permission table that are not "–" (design, section 5): where a choice can permit anything at all.
CHANNELS_OF: Final[dict[Purpose, tuple[Channel, ...]]] = {
    Purpose.NEWSLETTER: (Channel.EMAIL,),
    Purpose.MARKETING: _ALL,
    Purpose.OWNER_POST: (Channel.EMAIL, Channel.POST),
    Purpose.SURVEY: _ALL,
    Purpose.MAGAZINE: (Channel.POST,),
    Purpose.SERVICE: _WRITTEN,
    Purpose.RIGHTS: _WRITTEN,
}
PARTNER_CHANNELS: Final = _WRITTEN


def purpose_permits_channels(written: Written) -> Iterator[Problem]:
    """No choice of a member can permit what the permission table does not know."""
    permitted = PARTNER_CHANNELS if written.file.sender.partner else CHANNELS_OF[written.file.purpose]
    whose = "partner's message" if written.file.sender.partner else f"`{written.file.purpose}` campaign"
    for channel, at in _channel_places(written):
        if channel not in permitted:
            words = ", ".join(f"`{each}`" for each in permitted)
            yield error(at, f"a {whose} may not go by `{channel}`", "channel_not_permitted", f"only {words}")


def channels_differ(written: Written) -> Iterator[Problem]:
    """A channel is tried once."""
    channels = written.file.channels or ()
    for index, channel in enumerate(channels):
        if channel in channels[:index]:
            at = written.at.part("channels").part(index)
            yield error(at, f"`{channel}` is listed twice", "duplicate_channel", "remove one")


def channels_have_templates(written: Written) -> Iterator[Problem]:
    """A listed channel without a template in any variant reaches nobody; an unlisted template is never used."""
    for index, channel in enumerate(written.file.channels or ()):
        if written.variants and not any(variant.template(channel) for variant in written.variants):
            hint = f"add `{channel}: my_template`, or remove `{channel}` from `channels`"
            at = written.at.part("channels").part(index)
            yield error(at, f"no variant has a template for `{channel}`", "channel_without_template", hint)
    for variant, at in zip(written.variants, written.variants_at(), strict=True):
        for channel in Channel:
            if variant.template(channel) and channel not in written.channels:
                message = f"this template is not used: `channels` does not list `{channel}`"
                yield warning(at.part(channel.value), message, "unused_template", f"add `{channel}` to `channels`")


def quiet_hours_are_of_channels(written: Written) -> Iterator[Problem]:
    """Quiet hours of a channel that is not used are probably meant for another."""
    for channel in written.file.quiet_hours:
        if channel not in written.channels:
            at = written.at.part("quiet_hours").part(channel.value)
            words = " or ".join(f"`{each}`" for each in written.channels) or "a channel of this campaign"
            yield warning(at, f"`{channel}` is not a channel of this campaign", "unused_quiet_hours", words)


def _channel_places(written: Written) -> Iterator[tuple[Channel, Located]]:
    """Each channel with the place that brought it in: its place in `channels`, else its first template."""
    if written.file.channels is not None:
        yield from zip(written.file.channels, written.at.part("channels").items(), strict=True)
        return
    seen: set[Channel] = set()
    for variant, at in zip(written.variants, written.variants_at(), strict=True):
        for channel in Channel:
            if variant.template(channel) and channel not in seen:
                seen.add(channel)
                yield channel, at.part(channel.value)
