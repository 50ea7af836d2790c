"""Parser of `received` and `clicked`: which messages, which days, how many times."""

from collections.abc import Callable, Mapping
from typing import Final

from campaigns.core.errors import closest_match
from campaigns.core.model.condition import MessageCondition
from campaigns.core.model.enums import Channel, ColumnType, Purpose
from campaigns.core.yaml.located import Located
from campaigns.rules.parsing.comparisons import read_comparisons
from campaigns.rules.parsing.rule_reader import RuleReader, display_value, list_names, printable
from campaigns.rules.parsing.time_window import WINDOW_KEYS, read_window
from campaigns.rules.vocabulary import RuleField

MESSAGE_KEYS: Final = ("campaign", "purpose", "channel", *WINDOW_KEYS, "times")
TIMES_FIELD: Final = RuleField("times", ColumnType.INTEGER, is_measure=True)


def read_messages(reader: RuleReader, node: Located, verb: str) -> MessageCondition | None:
    """Return the condition of `received` or `clicked`; None when it is not a mapping."""
    entries = reader.entries(node, f"`{verb}`", f"`{verb}: {{purpose: marketing, within: 7 days}}`")
    if entries is None:
        return None
    for key in entries:
        if key not in MESSAGE_KEYS:
            reader.add_unknown_key(entries[key], key, MESSAGE_KEYS, f"`{verb}`")
    return MessageCondition(
        verb=verb,
        campaign=_filter(reader, entries, "campaign", _campaign),
        purpose=_filter(reader, entries, "purpose", _purpose),
        channel=_filter(reader, entries, "channel", _channel),
        window=read_window(reader, entries, verb),
        comparisons=read_comparisons(reader, entries["times"], TIMES_FIELD) if "times" in entries else (),
        place=node.key_place,
    )


def _filter(
    reader: RuleReader, entries: Mapping[str, Located], key: str, read: Callable[[RuleReader, Located], str | None]
) -> str | None:
    return read(reader, entries[key]) if key in entries else None


def _campaign(reader: RuleReader, node: Located) -> str | None:
    if not isinstance(node.value, str):
        reader.add_problem(node, f"`campaign` is a name, and this is {display_value(node.value)}", "wrong_type")
        return None
    campaigns = reader.vocabulary.campaigns
    if node.value not in campaigns:  # only a warning: its file may be deleted after it was sent
        hint = closest_match(node.value, campaigns) or list_names(campaigns)
        reader.add_warning(node, f"no campaign is called `{printable(node.value)}`", "unknown_campaign", hint)
    return node.value


def _purpose(reader: RuleReader, node: Located) -> str | None:
    return reader.read_name(node, frozenset(Purpose), "purpose", "unknown_value")


def _channel(reader: RuleReader, node: Located) -> str | None:
    return reader.read_name(node, frozenset(Channel), "channel", "unknown_value")
