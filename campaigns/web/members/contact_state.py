"""State of a member's contact for their own pages: unproven addresses, and until when data waits."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection

from audiences.people import contact_changes, held_requests
from campaigns.core.model.enums import Language
from campaigns.rendering.templates.filters import clock_time
from campaigns.web.page_context import PageContext


def contact_state(
    connection: Connection, page_context: PageContext, member_id: str, language: Language
) -> Mapping[str, object]:
    """Return the values of the template `contact_state.html`."""
    now = page_context.now
    opens = contact_changes.opens_at(connection, member_id, now)
    opens_on, opens_hour = local_moment(page_context, opens, language)
    kinds = {held.kind for held in held_requests.waiting_requests(connection, member_id, now)}
    return {
        "unproven": sorted(contact_changes.unproven_changes(connection, member_id)),
        "held_kinds": sorted(kinds) if opens is not None else [],
        "opens_on": opens_on,
        "opens_hour": opens_hour,
    }


def local_moment(page_context: PageContext, moment: datetime | None, language: Language) -> tuple[date | None, str]:
    """Return day and hour of a moment as the workspace's clock shows them; None and nothing where there is none."""
    if moment is None:
        return None, ""
    local = moment.astimezone(page_context.context.repository.settings.zone)
    return local.date(), clock_time(local, language)
