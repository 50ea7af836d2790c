"""Every page of the service desk."""

from collections.abc import Sequence

from fastapi import APIRouter

from campaigns.web.desk.changes import Changes
from campaigns.web.desk.counter import Counter, Task
from campaigns.web.desk.door import AgentDoor
from campaigns.web.desk.entrance import Entrance
from campaigns.web.desk.expert import Expert
from campaigns.web.desk.members import Members
from campaigns.web.desk.queue import Queue
from campaigns.web.site import Site


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
