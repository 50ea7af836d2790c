"""Flood of requests for codes, from many networks."""

from collections.abc import Callable
from typing import Final

import httpx

from tests.support.page_client import PageClient
from tests.support.web_client import MAIL

USED_UP: Final = "We send no new code now"


async def flood(
    open_browser: Callable[[str], PageClient], address: str = MAIL, times: int = 12, network: str = "198.51"
) -> httpx.Response:
    """Ask for codes from many networks, each time as a new browser; return the last page."""
    for number in range(times):
        async with open_browser(f"{network}.{number % 250}.9") as web:
            page = await web.post("/me/code", params={"lang": "en"}, data={"address": address})
            assert page.status_code == 200
    return page
