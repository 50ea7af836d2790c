"""Routes of an application, included routers too."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Generate every route of the application, included routers too."""
    pending: list[BaseRoute] = list(app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            yield route
        elif not isinstance(route, Mount):
            pending += route.original_router.routes
