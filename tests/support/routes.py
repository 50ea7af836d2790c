"""Every route of an application, those of its parts included."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route of the application, those of its parts included."""
    waiting: list[BaseRoute] = list(app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            yield route
        elif not isinstance(route, Mount):
            waiting += route.original_router.routes
