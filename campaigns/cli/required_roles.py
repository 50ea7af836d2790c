"""Permission that each command requires. Operators' commands (import, serve, db …) are unrestricted and not listed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from campaigns.core.model.roles import Act

if TYPE_CHECKING:
    from campaigns.runs.engine import Engine

GOVERNED: Final[Mapping[str, Act]] = {
    "plan": Act.WRITE,
    "preview": Act.WRITE,
    "proof": Act.WRITE,
    "publish": Act.WRITE,
    "unpublish": Act.WRITE,
    "approve": Act.APPROVE,
    "send": Act.SEND,
    "run": Act.SEND,
    "pause": Act.SEND,
    "resume": Act.SEND,
    "cancel": Act.SEND,
    "uncertain": Act.SEND,
    "calls": Act.CHANGE,
    "status": Act.COUNT,
    "report": Act.COUNT,
    "calendar": Act.COUNT,
    "audience count": Act.COUNT,
    "holdout versions": Act.COUNT,
    "holdout members": Act.LOOK_UP,
    "holdout renew": Act.WRITE,
    "member show": Act.LOOK_UP,
    "member why": Act.EXPLAIN,
    "member choices": Act.CHANGE,
    "member export": Act.ANSWER,
    "member merge": Act.MERGE,
    "member erase": Act.ANSWER,
    "requests": Act.ANSWER,
    "audit verify": Act.READ_AUDIT,
    "audit show": Act.READ_AUDIT,
    "record": Act.READ_AUDIT,
}


def demand(engine: "Engine", command_path: str) -> None:
    """Raise UserError when the current account may not run the command at this path (`viesti member show`)."""
    act = GOVERNED.get(command_path.partition(" ")[2])
    if act is not None:
        from campaigns.people.accounts import staff_accounts

        staff_accounts.demand(engine, act)
