"""Roles of staff accounts, and the one table of their permissions (A-25)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Role of a staff account; an account may have several."""

    AUTHOR = "author"
    APPROVER = "approver"
    SENDER = "sender"
    ANALYST = "analyst"
    PRIVACY_OFFICER = "privacy_officer"
    DESK = "desk"
    EXPERT = "expert"


class Act(StrEnum):
    """Action that needs a role."""

    WRITE = "write"  # plan, read drafts, publish one's own campaigns
    APPROVE = "approve"
    SEND = "send"  # and pause, resume, cancel
    COUNT = "count"  # counts of members, never a single member
    LOOK_UP = "look_up"  # one member's contact details and choices
    CHANGE = "change"  # a member's choices and contact details, on their behalf
    MERGE = "merge"
    EXPLAIN = "explain"  # why one member gets a message, which includes conditions on their purchases
    ANSWER = "answer"  # members' privacy requests, including erasure, and removing marks such as `restricted`
    UNMASK = "unmask"  # a member's secret address
    READ_LINES = "read_lines"  # one member's purchase lines
    READ_AUDIT = "read_audit"


PERMITTED: Final[Mapping[Role, frozenset[Act]]] = {
    Role.AUTHOR: frozenset({Act.WRITE, Act.COUNT}),
    Role.APPROVER: frozenset({Act.APPROVE, Act.COUNT}),
    Role.SENDER: frozenset({Act.SEND, Act.COUNT}),
    Role.ANALYST: frozenset({Act.COUNT}),
    Role.PRIVACY_OFFICER: frozenset(
        {Act.LOOK_UP, Act.CHANGE, Act.MERGE, Act.EXPLAIN, Act.ANSWER, Act.UNMASK, Act.READ_AUDIT, Act.COUNT}
    ),
    Role.DESK: frozenset({Act.LOOK_UP, Act.CHANGE, Act.MERGE}),
    Role.EXPERT: frozenset({Act.LOOK_UP, Act.EXPLAIN, Act.READ_LINES}),
}


def may(roles: Iterable[Role], act: Act) -> bool:
    """Return whether any of the roles permits the action."""
    return any(act in PERMITTED[role] for role in roles)
