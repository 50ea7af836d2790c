"""Routes of the service desk."""

from collections.abc import Sequence

from fastapi import APIRouter

from campaigns.web.desk.desk_pages import Counter, Task
from campaigns.web.desk.member_changes import Changes
from campaigns.web.desk.member_search import Members
from campaigns.web.desk.purchase_lookup import Expert
from campaigns.web.desk.request_queue import Queue
from campaigns.web.desk.staff_login import Entrance
from campaigns.web.desk.staff_session import AgentDoor
from campaigns.web.page_context import Site


def desk_routes(context: Site) -> APIRouter:
    """Return the routes of the service desk."""
    desk = Counter(context, AgentDoor(context))
    router = APIRouter()
    router.include_router(Entrance(desk).routes())
    router.include_router(desk.router(tasks(desk)))
    return router


def tasks(desk: Counter) -> Sequence[Task]:
    """Return every task that requires a role."""
    pages = (Members(desk), Changes(desk), Expert(desk), Queue(desk))
    return [task for page in pages for task in page.tasks()]
