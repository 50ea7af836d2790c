"""Buttons of the preference centre for all newsletters at once."""

import pytest

from tests.support.page_walk import hidden_fields, sign_in
from tests.support.stopped_choices import NEWSLETTER
from tests.support.web_client import AINO


async def test_in_the_preference_centre_all_newsletters_are_taken_or_stopped_by_one_press(
    web_workspace, web_with_two_newsletters
):
    web = web_with_two_newsletters
    await sign_in(web_workspace, web, f"{AINO}@example.org")
    for button, expected in (("all", ["food", "pets"]), ("none", [])):
        web_workspace.clock.advance(minutes=1)
        page = hidden_fields((await web.get("/me?lang=en")).text)
        form = {"proof": page["proof"][0], "shown": page["shown"], "on": page["on"], "newsletters": button}
        assert (await web.post("/me/choices?lang=en", data=form)).status_code == 200
        assert web_workspace.contact(AINO)["newsletters"] == expected
    assert {entry.choice for entry in web_workspace.record()} == {NEWSLETTER, "newsletter:pets"}


@pytest.mark.hostile
@pytest.mark.parametrize("button", ["everything", "ALL", "all,none", "' --"])
async def test_another_word_for_all_newsletters_changes_nothing(web_workspace, web, button):
    await sign_in(web_workspace, web, f"{AINO}@example.org")
    page = hidden_fields((await web.get("/me")).text)
    before = web_workspace.ledger_dump()
    form = {"proof": page["proof"][0], "shown": page["shown"], "on": page["on"], "newsletters": button}
    assert (await web.post("/me/choices", data=form)).status_code == 400
    assert web_workspace.ledger_dump() == before
