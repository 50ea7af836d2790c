"""Hostile input is text: stored as typed, shown escaped, never a statement, a template or a path."""

import pytest
from sqlalchemy import select

from campaigns.store.people.people_tables import PRIVACY_REQUEST
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import MAIL

HOSTILE = {
    "statement": "'; DROP TABLE contact; --",
    "always true": "' OR 1=1 --",
    "pattern": "%",
    "template": "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "text of a template": "[[ subject ]]",
    "path": "../../../../etc/passwd",
    "script": "<img src=x onerror=alert(1)>",
    "formula": "=cmd|' /C calc'!A0",
}
pytestmark = pytest.mark.hostile
each_input = pytest.mark.parametrize("typed", HOSTILE.values(), ids=HOSTILE)


@each_input
async def test_hostile_input_to_public_forms_matches_nobody(web_workspace, web, typed):
    before = {name: rows for name, rows in web_workspace.ledger_dump().items() if name != "tried"}
    for path, field in (("/me/code", "address"), ("/join", "address"), ("/me/session", "code")):
        answer = await web.post(path, data={field: typed, "challenge": typed, "on": "newsletter:food"})
        assert answer.status_code in {200, 400}
        assert "<img src=x" not in answer.text
        assert "root:" not in answer.text
    assert {name: rows for name, rows in web_workspace.ledger_dump().items() if name != "tried"} == before


@each_input
async def test_the_text_of_a_request_is_stored_as_typed(web_workspace, web, typed):
    await sign_in(web_workspace, web, MAIL)
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    page = await web.post("/me/requests", data={"proof": proof, "kind": "correct", "words": typed})
    assert page.status_code == 200
    with web_workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(PRIVACY_REQUEST.c.words)).scalars().all() == [typed]


@each_input
async def test_hostile_choices_are_refused(web_workspace, web, typed):
    await sign_in(web_workspace, web, MAIL)
    proof = hidden_fields((await web.get("/me")).text)["proof"][0]
    for shown in (f"{typed}|off|x", f"email_own|{typed}|x", typed):
        answer = await web.post("/me/choices", data={"proof": proof, "shown": shown, "on": typed})
        assert answer.status_code == 400
    assert web_workspace.record() == []


@each_input
async def test_hostile_tokens_are_not_found(web_workspace, web, typed):
    before = web_workspace.ledger_dump()
    for path in ("/u/", "/s/", "/p/", "/w/", "/c/", "/join/", "/confirm/", "/not-me/", "/stop-request/"):
        answer = await web.get(path + typed.replace("/", "%2F").replace("?", "%3F").replace("#", "%23"))
        assert answer.status_code in {404, 429}
    assert web_workspace.ledger_dump() == before
