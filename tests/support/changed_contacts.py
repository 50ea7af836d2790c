"""Contacts of a member that were changed at the desk, and are proven or not."""

from datetime import timedelta
from typing import Final

import httpx

from audiences.people import contact_changes
from campaigns.people.desk import changes
from tests.support.web_client import AINO, WebWorkspace

EVIL, EVIL_PHONE = "evil@example.net", "+358509876543"
"""Contacts that a stranger has the desk write down."""
WAIT: Final = timedelta(hours=72)


def set_at_desk(web_workspace: WebWorkspace, member: str = AINO, **values: str) -> None:
    """Change contacts of a member as an agent does."""
    changes.change_contact(web_workspace.engine.context, member, values, [])


def is_proven(web_workspace: WebWorkspace, field: str = "email", member: str = AINO) -> bool:
    """Return whether a contact of a member is proven."""
    with web_workspace.engine.context.ledger.read() as connection:
        return contact_changes.is_proven(connection, member, field)


async def assert_works_once(web_workspace: WebWorkspace, web: httpx.AsyncClient, link: str) -> None:
    """Assert that a link of a notice changes nothing when it is used again."""
    assert (await web.post(link)).status_code == 200
    before = web_workspace.ledger_dump()
    assert (await web.post(link)).status_code == 410
    assert web_workspace.ledger_dump() == before
