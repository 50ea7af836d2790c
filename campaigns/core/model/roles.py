"""Who may do what: the roles of those who work here, and the one table of what each may do (A-25)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody works as; one account may have several."""

    AUTHOR = "author"
    APPROVER = "approver"
    SENDER = "sender"
    ANALYST = "analyst"
    PRIVACY_OFFICER = "privacy_officer"
    DESK = "desk"
    EXPERT = "expert"


class Act(StrEnum):
    """Something that not everybody may do."""

    WRITE = "write"  # plan, look at drafts, publish what one wrote
    APPROVE = "approve"
    SEND = "send"  # and pause, resume, cancel
    COUNT = "count"  # numbers of members, never one of them
    LOOK_UP = "look_up"  # one member: contact and choices
    CHANGE = "change"  # a member's choices and contact, on their behalf
    MERGE = "merge"
    EXPLAIN = "explain"  # why one member gets a message: conditions on what they bought are in it
    ANSWER = "answer"  # members' requests, erasure among them; and what only they may lift again
    UNMASK = "unmask"  # an address that the member keeps secret
    READ_LINES = "read_lines"  # what one member bought, line by line
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
    """Whether any of the roles permits the act."""
    return any(act in PERMITTED[role] for role in roles)
