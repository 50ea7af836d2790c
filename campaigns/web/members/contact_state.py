"""State of a member's contact for their own pages: unproven addresses, and until when data waits."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from audiences.people import contact_changes, held_requests
from campaigns.web.page_context import PageContext


def contact_state(connection: Connection, page_context: PageContext, member_id: str) -> Mapping[str, object]:
    """Return the values of the template `contact_state.html`."""
    now = page_context.now
    opens = contact_changes.opens_at(connection, member_id, now)
    kinds = {held.kind for held in held_requests.waiting_requests(connection, member_id, now)}
    return {
        "unproven": sorted(contact_changes.unproven_changes(connection, member_id)),
        "held_kinds": sorted(kinds) if opens is not None else [],
        **local_moment(page_context, opens),
    }


def local_moment(page_context: PageContext, moment: datetime | None) -> Mapping[str, object]:
    """Return day and hour of a moment as the workspace's clock shows them; None where there is none."""
    local = None if moment is None else moment.astimezone(page_context.context.repository.settings.zone)
    return {"opens_on": local and local.date(), "opens_hour": "" if local is None else f"{local:%H:%M}"}
