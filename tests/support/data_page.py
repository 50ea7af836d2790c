"""Steps on the page of a member's data, which a fresh code opens, and what they leave in the ledger."""

from collections.abc import Sequence
from typing import Any

import httpx
from sqlalchemy import select

from campaigns.store.people.people_tables import AUDIT, PRIVACY_REQUEST
from tests.support.page_walk import hidden_fields
from tests.support.web_client import WebWorkspace

SHOW_ALL, EXPORT, ERASE, LIFT = "/me/data/whole", "/me/data/file", "/me/erase", "/me/restriction"


async def session_token(web: httpx.AsyncClient) -> str:
    """Return the CSRF token of a session's forms."""
    return hidden_fields((await web.get("/me/data")).text)["proof"][0]


async def type_fresh_code(web_workspace: WebWorkspace, web: httpx.AsyncClient, by: str = "email") -> str:
    """Type a fresh code in a session; return the CSRF token of its forms."""
    proof = await session_token(web)
    page = await web.post("/me/data/code", data={"proof": proof, "by": by})
    typed = {"proof": proof, "challenge": hidden_fields(page.text)["challenge"][0], "code": web_workspace.codes()[-1]}
    assert (await web.post("/me/data/proof", data=typed)).status_code == 303
    return proof


def filed_requests(web_workspace: WebWorkspace) -> Sequence[tuple[str | None, str, str, str]]:
    """Return member, kind, source and words of all privacy requests, oldest first."""
    with web_workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(PRIVACY_REQUEST).order_by(PRIVACY_REQUEST.c.number)).mappings()
        return [(row["member_id"], row["kind"], row["source"], row["words"]) for row in rows]


def audit_rows(web_workspace: WebWorkspace, action: str) -> Sequence[Any]:
    """Return subject and detail of the audit rows of one act."""
    with web_workspace.engine.context.ledger.read() as connection:
        return list(connection.execute(select(AUDIT.c.subject, AUDIT.c.detail).where(AUDIT.c.action == action)))
