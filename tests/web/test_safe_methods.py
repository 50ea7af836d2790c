"""Looking changes nothing: GET, HEAD and OPTIONS of every route leave the ledger as it is (C-06, E-23)."""

import pytest

from campaigns.core.model.roles import Role
from campaigns.runs.composing.link_tracking import CLICK_PATH
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.runs.notices.sender import SIGN_UP_PATH
from campaigns.web.app import pages_app
from tests.support.desk_session import open_desk_session
from tests.support.page_walk import sign_in
from tests.support.routes import routes
from tests.support.web_client import AINO, WebWorkspace

SCOPES = {path: scope for scope, path in LINK_PATHS.items()}


def addresses(web_workspace: WebWorkspace) -> list[str]:
    """An address that works for every route, but for the links that count how often they are followed."""
    found = set()
    for route in routes(pages_app(web_workspace.engine)):
        first = route.path.split("/")[1]
        if first == CLICK_PATH:  # see `test_following`: they change no choice, and nothing but a count
            continue
        if "{token}" in route.path:
            found.add(route.path.replace("{token}", token_of(web_workspace, first)))
        else:
            found.add(route.path)
    return sorted(found)


def token_of(web_workspace: WebWorkspace, first: str) -> str:
    if first == SIGN_UP_PATH:
        return web_workspace.engine.signer.link_token(SIGN_UP_PATH, 0, 1)
    return web_workspace.link("letters", AINO, SCOPES[first]).split("/")[2]


@pytest.mark.parametrize("who", ["a stranger", "a member", "an agent"])
async def test_looking_changes_nothing(web_workspace, web, who):
    if who == "a member":
        await sign_in(web_workspace, web, f"{AINO}@example.org")
    elif who == "an agent":
        await open_desk_session(web_workspace, web, *Role)
    every = addresses(web_workspace)
    assert len(every) >= 12
    before = web_workspace.ledger_dump()
    for address in every:
        for method in ("GET", "HEAD", "OPTIONS"):
            for question in ("", "?lang=sv", "?List-Unsubscribe=One-Click", "?stop=email_own&on=email_own"):
                answer = await web.request(method, address + question)
                assert answer.status_code in {200, 405}, (method, address)
    assert web_workspace.ledger_dump() == before


async def test_what_can_be_read_is_read_by_head_too(web_workspace, web):
    for address in addresses(web_workspace):
        if (await web.get(address)).status_code == 200 and address not in {"/healthz", "/readyz"}:
            head = await web.head(address)
            assert (head.status_code, head.text) == (200, "")
