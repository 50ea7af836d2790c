"""Descriptions of `received` and `clicked`."""

from campaigns.core.model.condition import MessageCondition
from campaigns.core.model.enums import Channel, Purpose
from campaigns.rules.describing.adverbs import fill_pattern, frequency_phrase, is_never, window_phrase
from campaigns.rules.describing.describer import Describer


def describe_messages(messages: MessageCondition, describer: Describer, *, denied: bool) -> str:
    """Return the clause that describes the condition."""
    phrases = describer.phrases
    never = is_never(messages.comparisons)
    times = "" if never else frequency_phrase(messages.comparisons, describer)
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
    return fill_pattern(pattern, message, channel, times, window_phrase(messages.window, describer))
