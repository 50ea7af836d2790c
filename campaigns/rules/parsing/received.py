"""Parser of `received` and `clicked`: which messages, which days, how many times."""

from collections.abc import Callable, Mapping
from typing import Final

from campaigns.core.errors import nearest
from campaigns.core.model.condition import Heard
from campaigns.core.model.enums import Channel, ColumnType, Purpose
from campaigns.core.yaml.located import Located
from campaigns.rules.parsing.comparisons import read_tests
from campaigns.rules.parsing.rule_reader import Reader, listed, plain, shown
from campaigns.rules.parsing.time_window import WINDOW_KEYS, read_window
from campaigns.rules.vocabulary import Field

MESSAGE_KEYS: Final = ("campaign", "purpose", "channel", *WINDOW_KEYS, "times")
TIMES: Final = Field("times", ColumnType.INTEGER, measured=True)


def read_heard(reader: Reader, node: Located, verb: str) -> Heard | None:
    """Return the condition of `received` or `clicked`; None when it is not a mapping."""
    entries = reader.entries(node, f"`{verb}`", f"`{verb}: {{purpose: marketing, within: 7 days}}`")
    if entries is None:
        return None
    for key in entries:
        if key not in MESSAGE_KEYS:
            reader.unknown(entries[key], key, MESSAGE_KEYS, f"`{verb}`")
    return Heard(
        verb=verb,
        campaign=_filter(reader, entries, "campaign", _campaign),
        purpose=_filter(reader, entries, "purpose", _purpose),
        channel=_filter(reader, entries, "channel", _channel),
        window=read_window(reader, entries, verb),
        tests=read_tests(reader, entries["times"], TIMES) if "times" in entries else (),
        place=node.key_place,
    )


def _filter(
    reader: Reader, entries: Mapping[str, Located], key: str, read: Callable[[Reader, Located], str | None]
) -> str | None:
    return read(reader, entries[key]) if key in entries else None


def _campaign(reader: Reader, node: Located) -> str | None:
    if not isinstance(node.value, str):
        reader.problem(node, f"`campaign` is a name, and this is {shown(node.value)}", "wrong_type")
        return None
    campaigns = reader.vocabulary.campaigns
    if node.value not in campaigns:  # only a warning: its file may be deleted after it was sent
        hint = nearest(node.value, campaigns) or listed(campaigns)
        reader.warning(node, f"no campaign is called `{plain(node.value)}`", "unknown_campaign", hint)
    return node.value


def _purpose(reader: Reader, node: Located) -> str | None:
    return reader.named(node, frozenset(Purpose), "purpose", "unknown_value")


def _channel(reader: Reader, node: Located) -> str | None:
    return reader.named(node, frozenset(Channel), "channel", "unknown_value")
