"""Every page of the service desk."""

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


def desk_routes(site: Site) -> APIRouter:
    """The desk over one site."""
    counter = Counter(site, AgentDoor(site))
    router = APIRouter()
    router.include_router(Entrance(counter).routes())
    router.include_router(counter.router(tasks(counter)))
    return router


def tasks(counter: Counter) -> Sequence[Task]:
    """Everything that demands a role."""
    parts = (Members(counter), Changes(counter), Expert(counter), Queue(counter))
    return [task for part in parts for task in part.tasks()]
