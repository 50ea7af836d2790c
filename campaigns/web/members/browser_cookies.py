"""Cookies by which a browser is known again: the codes it asked for, and the addresses whose members signed in in it.

Neither opens anything. The one makes a code that is valid to be sent again; the other keeps a member's allowance of
codes apart from that of strangers.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from audiences.access.code_allowances import Requester, known_browser, stranger
from audiences.access.one_time_codes import CHALLENGE_LIFETIME, CODE_LIFETIME, new_challenge
from campaigns.web.page_context import PageContext

_CODE: Final = "code"
_BROWSER: Final = "browser"
_BROWSER_LIFETIME: Final = timedelta(days=180)
_MAX_ADDRESSES: Final = 8
_SEPARATOR: Final = "."
_SEED: Final = re.compile(r"[0-9]{1,12}\.[A-Za-z0-9_-]{20,64}")


@dataclass(frozen=True)
class BrowserCookies:
    """The two cookies of a browser; with https under the `__Host-` name, which no other host can set."""

    page_context: PageContext

    def challenge(self, request: Request, response: Response, form_action: str) -> str:
        """Return the challenge of the codes of a form: the same for ten minutes after each request."""
        seed = request.cookies.get(self._name(_CODE), "")
        if not self._is_recent(seed):
            seed = f"{int(self.page_context.now.timestamp())}{_SEPARATOR}{new_challenge()}"
        self._set(response, _CODE, seed, CODE_LIFETIME)
        return self.page_context.context.signer.keyed_hash("challenge", seed, form_action)

    def forget_challenge(self, response: Response) -> None:
        """Begin anew: the code was typed."""
        response.delete_cookie(self._name(_CODE), path="/", secure=self._is_https, httponly=True, samesite="strict")

    def requester(self, request: Request, address: str) -> Requester:
        """Return who asks for a code to an address: a browser that its member has used, or a stranger."""
        signer = self.page_context.context.signer
        browser, proofs = self._read(request)
        if browser and self._proof(browser, address) in proofs:
            return known_browser(signer, browser, address)
        return stranger(signer, address)

    def remember(self, request: Request, response: Response, addresses: Iterable[str]) -> None:
        """Remember that the member with these addresses has signed in in this browser."""
        browser, proofs = self._read(request)
        browser = browser or secrets.token_urlsafe(16)
        own = [self._proof(browser, address) for address in addresses]
        all_proofs = [*own, *(proof for proof in proofs if proof not in own)][:_MAX_ADDRESSES]
        self._set(response, _BROWSER, _SEPARATOR.join([browser, *all_proofs]), _BROWSER_LIFETIME)

    def _is_recent(self, seed: str) -> bool:
        """Return whether a challenge may be kept; with another time it would be another one, whose codes differ."""
        if not _SEED.fullmatch(seed):
            return False
        age = self.page_context.now.timestamp() - int(seed.partition(_SEPARATOR)[0])
        return -1 <= age <= CHALLENGE_LIFETIME.total_seconds()

    def _read(self, request: Request) -> tuple[str, list[str]]:
        browser, *proofs = request.cookies.get(self._name(_BROWSER), "").split(_SEPARATOR)
        return (browser, proofs[:_MAX_ADDRESSES]) if len(browser) <= 64 else ("", [])

    def _proof(self, browser: str, address: str) -> str:
        return self.page_context.context.signer.keyed_hash("known browser", browser, address)

    def _name(self, name: str) -> str:
        return f"__Host-viesti-{name}" if self._is_https else f"viesti-{name}"

    def _set(self, response: Response, name: str, value: str, lifetime: timedelta) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=int(lifetime.total_seconds()),
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="strict",
        )

    @property
    def _is_https(self) -> bool:
        return self.page_context.context.repository.settings.public_url.scheme == "https"
