"""Links of notices about a changed contact, as their recipients find them."""

import re

from tests.support.web_client import WebWorkspace

_LINK = re.compile(r"https?://[^/\s]+(/(?:confirm|not-me|stop-request)/[\w-]+)")


def links_to(web_workspace: WebWorkspace, address: str, path: str) -> list[str]:
    """Return the paths of links of one kind in the notices to an address, oldest first."""
    found = [_LINK.findall(text) for to, text in web_workspace.notices() if to == address]
    return [link for links in found for link in dict.fromkeys(links) if link.startswith(f"/{path}/")]


def recipients(web_workspace: WebWorkspace, words: str) -> list[str]:
    """Return who got notices that contain some words."""
    return [to for to, text in web_workspace.notices() if words in text]


def code_to(web_workspace: WebWorkspace, address: str) -> str:
    """Return the newest code in the notices to an address."""
    codes = [re.search(r"\d{4} \d{4}", text) for to, text in web_workspace.notices() if to == address]
    return [code[0] for code in codes if code][-1]
