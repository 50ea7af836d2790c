"""Descriptions of `received` and `clicked`."""

from campaigns.core.model.condition import Heard
from campaigns.core.model.enums import Channel, Purpose
from campaigns.rules.describing.adverbs import how_often, is_never, put, when
from campaigns.rules.describing.describer import Speech


def say_heard(messages: Heard, describer: Speech, *, denied: bool) -> str:
    """Return the clause that describes the condition."""
    phrases = describer.phrases
    never = is_never(messages.tests)
    times = "" if never else how_often(messages.tests, describer)
    denied = denied is not never
    purpose = None if messages.purpose is None else Purpose(messages.purpose)
    received = messages.verb == "received"
    message = phrases.messages[purpose][denied and received]
    if messages.campaign is not None:
        message = phrases.of_campaign.format(message=message, campaign=messages.campaign)
    if not received:
        message = phrases.link[denied].format(message)
    pattern = (phrases.received if received else phrases.clicked)[denied]
    channel = "" if messages.channel is None else phrases.channels[Channel(messages.channel)]
    return put(pattern, message, channel, times, when(messages.window, describer))
