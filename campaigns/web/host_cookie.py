"""Cookies of the pages: for this host alone, over https where the pages have it, and out of reach of scripts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from fastapi import Request
from fastapi.responses import Response


@dataclass(frozen=True, slots=True)
class HostCookie:
    """Cookie of this host; with https under the `__Host-` name, which no other host can set."""

    plain_name: str
    is_https: bool
    same_site: Literal["lax", "strict"] = "strict"

    @property
    def name(self) -> str:
        """Return the name under which browsers store it."""
        return f"__Host-{self.plain_name}" if self.is_https else self.plain_name

    def value(self, request: Request) -> str:
        """Return the value that a request brings; empty without the cookie."""
        return request.cookies.get(self.name, "")

    def set(self, response: Response, value: str, lifetime: timedelta | None = None) -> None:
        """Set the cookie; without a lifetime it ends with the browser."""
        max_age = None if lifetime is None else int(lifetime.total_seconds())
        response.set_cookie(
            self.name, value, max_age, path="/", secure=self.is_https, httponly=True, samesite=self.same_site
        )

    def delete(self, response: Response) -> None:
        """Delete the cookie."""
        response.delete_cookie(self.name, path="/", secure=self.is_https, httponly=True, samesite=self.same_site)
