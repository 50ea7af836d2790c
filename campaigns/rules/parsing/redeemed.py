"""Parser of `redeemed`: coupons of the run whose effect is measured, of one offer or of any."""

from typing import Final

from campaigns.core.model.condition import RedemptionCondition, TimeWindow
from campaigns.core.yaml.located import Located
from campaigns.rules.parsing.rule_reader import RuleReader, display_value
from campaigns.rules.parsing.time_window import WINDOW_KEYS, read_window

REDEEMED: Final = "redeemed"
_KEYS: Final = ("offer", *WINDOW_KEYS)
_EXAMPLE: Final = "`redeemed: any`, or `redeemed: {offer: coffee_500g, within: 14 days}`"


def read_redemptions(reader: RuleReader, node: Located) -> RedemptionCondition | None:
    """Return the condition of `redeemed`; None when it is no goal, or neither `any` nor a mapping."""
    if not reader.vocabulary.is_goal:
        message = "`redeemed` is a goal of an experiment, and no condition on members"
        reader.add_key_problem(node, message, "goal_only", "`experiment: {arms: ..., goal: {redeemed: any}}`")
        return None
    if node.value == "any":
        return RedemptionCondition(offer=None, window=TimeWindow(), place=node.key_place)
    entries = reader.entries(node, "`redeemed`", _EXAMPLE)
    if entries is None:
        return None
    for key in entries:
        if key not in _KEYS:
            reader.add_unknown_key(entries[key], key, _KEYS, "`redeemed`")
    offer = _offer(reader, entries["offer"]) if "offer" in entries else None
    return RedemptionCondition(offer=offer, window=read_window(reader, entries, REDEEMED), place=node.key_place)


def _offer(reader: RuleReader, node: Located) -> str | None:
    if isinstance(node.value, str):
        return node.value
    message = f"`offer` is the id of an offer, and this is {display_value(node.value)}"
    reader.add_problem(node, message, "wrong_type", _EXAMPLE)
    return None
