"""Descriptions of `received` and `clicked`."""

from campaigns.core.model.condition import Heard
from campaigns.core.model.enums import Channel, Purpose
from campaigns.rules.describing.adverbs import how_often, is_never, put, when
from campaigns.rules.describing.describer import Speech


def say_heard(heard: Heard, speech: Speech, *, denied: bool) -> str:
    """Return the clause that describes the condition."""
    phrases = speech.phrases
    never = is_never(heard.tests)
    times = "" if never else how_often(heard.tests, speech)
    denied = denied is not never
    purpose = None if heard.purpose is None else Purpose(heard.purpose)
    received = heard.verb == "received"
    message = phrases.messages[purpose][denied and received]
    if heard.campaign is not None:
        message = phrases.of_campaign.format(message=message, campaign=heard.campaign)
    if not received:
        message = phrases.link[denied].format(message)
    pattern = (phrases.received if received else phrases.clicked)[denied]
    channel = "" if heard.channel is None else phrases.channels[Channel(heard.channel)]
    return put(pattern, message, channel, times, when(heard.window, speech))
