"""Error pages: one short text per HTTP status, whatever the cause."""

from typing import Final

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException as RoutingException

from campaigns.web.page_context import PageContext

_DESK_PATH: Final = "/desk"
_STATUSES_WITH_TEXT: Final = frozenset({400, 403, 404, 429})


def add_error_handlers(app: FastAPI, page_context: PageContext) -> None:
    """Render an error page for every refusal and fault; the page does not name the cause."""

    def error_page(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
        text_status = status if status in _STATUSES_WITH_TEXT or status >= 500 else 400
        is_desk = request.url.path.startswith(_DESK_PATH)
        at = _DESK_PATH if is_desk else "/me"
        response = page_context.render(
            request, "error", page_context.language(request), status, said=min(text_status, 500), at=at, is_desk=is_desk
        )
        response.headers.update(headers or {})
        return response

    def client_error(request: Request, error: Exception) -> Response:
        if isinstance(error, RoutingException):
            return error_page(request, error.status_code, dict(error.headers or {}))
        return error_page(request, 400)

    def server_error(request: Request, _error: Exception) -> Response:
        return error_page(request, 500)

    app.add_exception_handler(RoutingException, client_error)
    app.add_exception_handler(HTTPException, client_error)
    app.add_exception_handler(RequestValidationError, client_error)
    app.add_exception_handler(Exception, server_error)
