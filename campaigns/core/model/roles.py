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


class Permission(StrEnum):
    """Action that needs a role."""

    WRITE = "write"  # plan, read drafts, publish one's own campaigns
    APPROVE = "approve"
    SEND = "send"  # and pause, resume, cancel
    COUNT = "count"  # counts of members, never a single member
    LOOK_UP = "look_up"  # one member's contact details and choices
    CHANGE = "change"  # a member's choices and contact details, on their behalf
    MERGE = "merge"
    APPROVE_MERGE = "approve_merge"  # a merge on fewer than two facts, and the undo of any
    EXPLAIN = "explain"  # why one member gets a message, which includes conditions on their purchases
    ANSWER = "answer"  # members' privacy requests, including erasure, and removing marks such as `restricted`
    UNMASK = "unmask"  # a member's secret address
    READ_LINES = "read_lines"  # one member's purchase lines
    READ_AUDIT = "read_audit"


ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.AUTHOR: frozenset({Permission.WRITE, Permission.COUNT}),
    Role.APPROVER: frozenset({Permission.APPROVE, Permission.COUNT}),
    Role.SENDER: frozenset({Permission.SEND, Permission.COUNT}),
    Role.ANALYST: frozenset({Permission.COUNT}),
    Role.PRIVACY_OFFICER: frozenset(
        {
            Permission.LOOK_UP,
            Permission.CHANGE,
            Permission.MERGE,
            Permission.APPROVE_MERGE,
            Permission.EXPLAIN,
            Permission.ANSWER,
            Permission.UNMASK,
            Permission.READ_AUDIT,
            Permission.COUNT,
        }
    ),
    Role.DESK: frozenset({Permission.LOOK_UP, Permission.CHANGE, Permission.MERGE}),
    Role.EXPERT: frozenset({Permission.LOOK_UP, Permission.EXPLAIN, Permission.READ_LINES}),
}


def is_permitted(roles: Iterable[Role], permission: Permission) -> bool:
    """Return whether any of the roles permits the action."""
    return any(permission in ROLE_PERMISSIONS[role] for role in roles)
