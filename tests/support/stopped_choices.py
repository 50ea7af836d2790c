"""Stops behind a settings link, their undo, and what then comes to a member."""

from typing import Final

import httpx

from audiences.consent.choices import consent_state_of
from campaigns.core.model.enums import Choice
from tests.support.page_walk import hidden_fields
from tests.support.web_client import AINO, WebWorkspace

NEWSLETTER: Final = "newsletter:food"


def settings_link(web_workspace: WebWorkspace, member: str = AINO) -> str:
    """Return the path of a member's settings link."""
    return web_workspace.link("letters", member, "preferences")


async def stop(web_workspace: WebWorkspace, web: httpx.AsyncClient, choice: str, member: str = AINO) -> str:
    """Press "stop" beside a choice; return the undo token of that press."""
    answer = await web.post(f"{settings_link(web_workspace, member)}?lang=en", data={"stop": choice})
    assert answer.status_code == 200
    web_workspace.clock.advance(seconds=20)
    return hidden_fields(answer.text)["undo"][0]


async def undo(
    web_workspace: WebWorkspace, web: httpx.AsyncClient, token: str, member: str = AINO, language: str = "en"
) -> httpx.Response:
    """Press "undo" of a press, with its token."""
    return await web.post(f"{settings_link(web_workspace, member)}/undo?lang={language}", data={"undo": token})


def allowed(web_workspace: WebWorkspace, choice: str, member: str = AINO) -> bool:
    """Return whether the thing that a choice names comes to the member."""
    with web_workspace.engine.context.ledger.read() as connection:
        state = consent_state_of(connection, member)
    if choice.startswith("newsletter:"):
        return choice.removeprefix("newsletter:") in state.newsletters
    return (Choice(choice) in state.on) is Choice(choice).permits
