"""Permissions that commands and their options require. Operators' commands (import, serve, db …) need none."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission

if TYPE_CHECKING:
    from campaigns.workspace.context import Context

REQUIRED_PERMISSIONS: Final[Mapping[str, Permission]] = {
    "plan": Permission.WRITE,
    "preview": Permission.WRITE,
    "proof": Permission.WRITE,
    "publish": Permission.WRITE,
    "unpublish": Permission.WRITE,
    "approve": Permission.APPROVE,
    "send": Permission.SEND,
    "run": Permission.SEND,
    "pause": Permission.SEND,
    "resume": Permission.SEND,
    "cancel": Permission.SEND,
    "uncertain": Permission.SEND,
    "calls": Permission.CHANGE,
    "status": Permission.COUNT,
    "report": Permission.COUNT,
    "coupons export": Permission.SEND,
    "members": Permission.EXPLAIN,
    "calendar": Permission.COUNT,
    "audience count": Permission.COUNT,
    "holdout versions": Permission.COUNT,
    "holdout members": Permission.LOOK_UP,
    "holdout renew": Permission.WRITE,
    "member show": Permission.LOOK_UP,
    "member why": Permission.EXPLAIN,
    "member choices": Permission.CHANGE,
    "member export": Permission.ANSWER,
    "member merge": Permission.MERGE,
    "member unmerge": Permission.APPROVE_MERGE,
    "member erase": Permission.ANSWER,
    "requests": Permission.ANSWER,
    "audit verify": Permission.READ_AUDIT,
    "audit show": Permission.READ_AUDIT,
    "record": Permission.READ_AUDIT,
}

REQUIRED_BY_OPTIONS: Final[Mapping[str, Permission]] = {
    "catalogue review --done": Permission.WRITE,  # the command itself shows products alone
    "member merge --approve": Permission.APPROVE_MERGE,
    "preview --members": Permission.LOOK_UP,  # without it, the gallery shows samples alone
}


def require_permission(context: "Context", command_path: str) -> None:
    """Raise UserError when the current account may not run the command at this path (`viesti member show`)."""
    act = REQUIRED_PERMISSIONS.get(command_path.partition(" ")[2])
    if act is not None:
        from campaigns.people.accounts import staff_accounts

        staff_accounts.require_permission(context, act)


def is_permitted(context: "Context", option: str) -> bool:
    """Return whether the current account may use an option of `REQUIRED_BY_OPTIONS`."""
    from campaigns.people.accounts import staff_accounts

    try:
        staff_accounts.require_permission(context, REQUIRED_BY_OPTIONS[option])
    except UserError:
        return False
    return True
