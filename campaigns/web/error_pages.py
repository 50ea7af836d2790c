"""What a page says when it cannot do what was asked: the same few words for every cause."""

from typing import Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException as RoutingException

from campaigns.web.page_context import Site

_DESK: Final = "/desk"
_SAID: Final = frozenset({400, 403, 404, 429})


def say_refusals(app: FastAPI, site: Site) -> None:
    """Answer refusals and faults with a page; what was the matter stands nowhere in it."""

    def page(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
        said = status if status in _SAID or status >= 500 else 400
        at = _DESK if request.url.path.startswith(_DESK) else "/me"
        answer = site.answer(
            request, "error", site.language(request), status, said=min(said, 500), at=at, is_desk=at == _DESK
        )
        answer.headers.update(headers or {})
        return answer

    def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, RoutingException):
            return page(request, error.status_code, dict(error.headers or {}))
        return page(request, 400)

    def failed(request: Request, _error: Exception) -> Response:
        return page(request, 500)

    app.add_exception_handler(RoutingException, refused)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, refused)
    app.add_exception_handler(Exception, failed)
