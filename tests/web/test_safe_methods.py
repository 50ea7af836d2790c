"""Safe methods: GET, HEAD and OPTIONS of every route leave the ledger unchanged (C-06, E-23)."""

import pytest

from campaigns.core.model.roles import Role
from campaigns.runs.composing.link_tracking import CLICK_PATH
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.runs.notices.notice_sender import HELD_PATH, PROOF_PATH, REFUSAL_PATH, SIGN_UP_PATH
from campaigns.web.app import pages_app
from tests.support.desk_session import open_desk_session
from tests.support.page_walk import sign_in
from tests.support.routes import routes
from tests.support.web_client import AINO, WebWorkspace

pytestmark = pytest.mark.long

SCOPES = {path: scope for scope, path in LINK_PATHS.items()}


def working_paths(web_workspace: WebWorkspace) -> list[str]:
    """Working path of every route, except the tracked links, whose clicks are counted."""
    paths = set()
    for route in routes(pages_app(web_workspace.engine)):
        prefix = route.path.split("/")[1]
        if prefix == CLICK_PATH:  # see `test_click_redirect.py`: they change only a count
            continue
        if "{ticket}" in route.path:  # see `test_desk_tickets.py`: a ticket is of one session
            paths.add(route.path.replace("{ticket}", "x" * 24))
        elif "{token}" in route.path:
            paths.add(route.path.replace("{token}", valid_token(web_workspace, prefix)))
        else:
            paths.add(route.path)
    return sorted(paths)


def valid_token(web_workspace: WebWorkspace, prefix: str) -> str:
    if prefix == SIGN_UP_PATH:
        return web_workspace.engine.context.signer.link_token(SIGN_UP_PATH, 0, 1)
    if prefix in (PROOF_PATH, REFUSAL_PATH, HELD_PATH):
        return web_workspace.engine.context.signer.link_token(prefix, 0, 1)
    return web_workspace.link("letters", AINO, SCOPES[prefix]).split("/")[2]


@pytest.mark.parametrize("session", ["a stranger", "a member", "an agent"])
async def test_get_head_and_options_change_nothing(web_workspace, web, session):
    if session == "a member":
        await sign_in(web_workspace, web, f"{AINO}@example.org")
    elif session == "an agent":
        await open_desk_session(web_workspace, web, *Role)
    paths = working_paths(web_workspace)
    assert len(paths) >= 12
    before = web_workspace.ledger_dump()
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS"):
            for query in ("", "?lang=sv", "?List-Unsubscribe=One-Click", "?stop=email_own&on=email_own"):
                answer = await web.request(method, path + query)
                closed = {403, 404} if "x" * 24 in path else set()
                assert answer.status_code in {200, 405} | closed, (method, path)
    assert web_workspace.ledger_dump() == before


async def test_every_page_answers_head(web_workspace, web):
    for path in working_paths(web_workspace):
        if (await web.get(path)).status_code == 200 and path not in {"/healthz", "/readyz"}:
            head = await web.head(path)
            assert (head.status_code, head.text) == (200, "")
