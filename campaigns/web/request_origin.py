"""Origin of a posted form: another site's page can neither press a button here nor sign a browser in."""

import logging
import re
from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException, Request
from pydantic import HttpUrl

from campaigns.runs.composing.template_context import LINK_PATHS

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})  # `none`: the user's own doing, such as a page loaded again
_ONE_CLICK: Final = f"/{LINK_PATHS['unsubscribe']}/"
"""Posted by mailbox providers, without a cookie (RFC 8058)."""

_PRINTABLE: Final = re.compile(r"[\w.:/\[\]-]{1,200}")
_LOG: Final = logging.getLogger("viesti")


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """Dependency of every page: HTTP 403 for a form of another origin. `public` is our own origin.

    Browsers that send neither `Origin` nor `Sec-Fetch-Site` are told apart by the tokens of the forms alone.
    """

    public: str

    @classmethod
    def of_public_url(cls, url: HttpUrl) -> "RequestOrigin":
        """Return the check for pages at this address."""
        default_port = {"http": 80, "https": 443}[url.scheme]
        port = "" if url.port in {None, default_port} else f":{url.port}"
        return cls(f"{url.scheme}://{url.host}{port}")

    async def __call__(self, request: Request) -> None:
        """Refuse a form that another page posted."""
        if request.method in _SAFE_METHODS or request.url.path.startswith(_ONE_CLICK):
            return
        origins, sites = request.headers.getlist("origin"), request.headers.getlist("sec-fetch-site")
        if self._is_own(request, origins, sites):
            return
        origin = origins[0] if origins and _PRINTABLE.fullmatch(origins[0]) else "elsewhere"
        _LOG.warning("a form from %s was refused; `public_url` is %s", origin, self.public)
        raise HTTPException(403)

    def _is_own(self, request: Request, origins: list[str], sites: list[str]) -> bool:
        if len(origins) > 1 or len(sites) > 1:
            return False
        if sites and sites[0] not in _OWN_SITES:
            return False
        if not origins or (sites and origins[0] == "null"):  # some browsers hide the origin, and say that it is ours
            return True
        return origins[0] == self.public or origins[0] == self._requested(request)

    def _requested(self, request: Request) -> str | None:
        """Return the origin that was requested, where it is not the public one: the server's own address."""
        host = request.headers.get("host", "")
        if host == self.public.partition("://")[2]:  # the public host has one scheme
            return None
        return f"{request.url.scheme}://{host}"
