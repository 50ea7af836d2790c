"""Cookies by which a browser is known again: the codes that it asked for, and the members who signed in there.

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
from campaigns.web.host_cookie import HostCookie
from campaigns.web.page_context import PageContext

_BROWSER_LIFETIME: Final = timedelta(days=180)
_MAX_ADDRESSES: Final = 8
_SEPARATOR: Final = "."
_SEED: Final = re.compile(r"[0-9]{1,12}\.[A-Za-z0-9_-]{20,64}")


@dataclass(frozen=True)
class BrowserCookies:
    """The two cookies of a browser."""

    page_context: PageContext

    def challenge(self, request: Request, response: Response, form_action: str) -> str:
        """Return the challenge of the codes of a form: the same for ten minutes after each request."""
        seed = self._code.value(request)
        if not self._is_recent(seed):
            seed = f"{int(self.page_context.now.timestamp())}{_SEPARATOR}{new_challenge()}"
        self._code.set(response, seed, CODE_LIFETIME)
        return self.page_context.context.signer.keyed_hash("challenge", seed, form_action)

    def forget_challenge(self, response: Response) -> None:
        """Forget the challenge of the codes: one of them was typed."""
        self._code.delete(response)

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
        self._browser.set(response, _SEPARATOR.join([browser, *all_proofs]), _BROWSER_LIFETIME)

    def _is_recent(self, seed: str) -> bool:
        """Return whether a challenge may be kept; with another time it would be another one, whose codes differ."""
        if not _SEED.fullmatch(seed):
            return False
        age = self.page_context.now.timestamp() - int(seed.partition(_SEPARATOR)[0])
        return -1 <= age <= CHALLENGE_LIFETIME.total_seconds()

    def _read(self, request: Request) -> tuple[str, list[str]]:
        browser, *proofs = self._browser.value(request).split(_SEPARATOR)
        return (browser, proofs[:_MAX_ADDRESSES]) if len(browser) <= 64 else ("", [])

    def _proof(self, browser: str, address: str) -> str:
        return self.page_context.context.signer.keyed_hash("known browser", browser, address)

    @property
    def _code(self) -> HostCookie:
        return self.page_context.cookie("viesti-code")

    @property
    def _browser(self) -> HostCookie:
        return self.page_context.cookie("viesti-browser")
