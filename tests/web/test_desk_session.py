"""Desk sessions: sign-in, duration, and the forms that each role opens (A-25)."""

import asyncio
import re
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from random import Random
from threading import Event

import pyotp
import pytest
from argon2 import PasswordHasher

from campaigns.core.model.roles import Permission, Role, is_permitted
from campaigns.people.accounts import local_login, passwords, second_factor
from campaigns.people.accounts import staff_accounts as accounts
from campaigns.store.people import accounts as people_accounts
from campaigns.web import network_pace
from campaigns.web.app import application, pages_app
from campaigns.web.desk.staff_login import MAX_PASSWORD_CHECKS
from tests.support import cheap_passwords
from tests.support.desk_session import NAME, every_task, every_view, open_desk_session
from tests.support.page_client import browser_from
from tests.support.page_walk import hidden_fields
from tests.support.routes import routes
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

OTHER = MEMBERS[5]
PASSWORD = "neljä sanaa on hyvä"


async def test_an_agent_signs_in_with_a_password_and_out(web_workspace, web):
    accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    answer = await web.post("/desk/session", data={"name": NAME, "password": PASSWORD})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    home = await web.get("/desk?lang=en")
    assert "Find a member" in home.text
    await web.post("/desk/out", data={"proof": hidden_fields(home.text)["proof"][0]})
    assert web_workspace.ledger_dump()["agent_session"] == []
    assert "Password" in (await web.get("/desk?lang=en")).text


@pytest.mark.parametrize("kind", ["unknown account", "wrong password", "disabled", "locked"])
async def test_every_failed_sign_in_gets_the_same_answer(web_workspace, web, kind):
    accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    name, password = (NAME, "wrong") if kind == "wrong password" else (NAME, PASSWORD)
    if kind == "unknown account":
        name = "nobody"
    elif kind == "disabled":
        accounts.disable(web_workspace.engine.context, NAME)
    elif kind == "locked":
        account_key = web_workspace.engine.context.signer.keyed_hash("account", NAME)
        with web_workspace.engine.context.ledger.write() as connection:
            for _ in range(people_accounts.MAX_LOGIN_FAILURES):
                people_accounts.record_login_failure(connection, account_key, web_workspace.clock.time)
    answer = await web.post("/desk/session?lang=en", data={"name": name, "password": password})
    reference = await web.post("/desk/session?lang=en", data={"name": "xyz", "password": "x"})
    assert (answer.status_code, answer.text) == (400, reference.text)
    assert "set-cookie" not in answer.headers


async def test_an_account_is_locked_for_fifteen_minutes_after_failed_sign_ins(web_workspace, web):
    accounts.add(web_workspace.engine.context, NAME, [Role.DESK], PASSWORD)
    for _ in range(people_accounts.MAX_LOGIN_FAILURES):
        assert local_login.log_in(web_workspace.engine.context, NAME, "wrong") is None
    assert local_login.log_in(web_workspace.engine.context, NAME, PASSWORD) is None
    web_workspace.clock.time += people_accounts.LOGIN_FAILURE_WINDOW + timedelta(seconds=1)
    assert local_login.log_in(web_workspace.engine.context, NAME, PASSWORD) is not None


@pytest.mark.hostile
async def test_many_sign_ins_of_one_network_are_slowed_and_not_refused(web_workspace, web, monkeypatch):
    delays = []

    async def sleep(seconds):
        delays.append(seconds)

    monkeypatch.setattr("campaigns.web.desk.staff_login.local_login.log_in", lambda *_: None)
    monkeypatch.setattr("campaigns.web.network_pace.asyncio.sleep", sleep)
    names = [f"a{number}" for number in range(network_pace.UNSLOWED + 3)]
    answers = [await web.post("/desk/session", data={"name": name, "password": "x"}) for name in names]
    assert {answer.status_code for answer in answers} == {400}
    assert len(delays) == 3
    assert delays == sorted(delays)


@pytest.mark.parametrize("password", ["neljä sanaa on hyvä", "vanha ja halpa tiiviste"])
def test_passwords_are_stored_as_argon2id_and_rehashed_at_the_current_cost(web_workspace, monkeypatch, password):
    monkeypatch.setattr(passwords, "_HASHER", cheap_passwords.SHIPPED)
    accounts.add(web_workspace.engine.context, NAME, [Role.DESK], password)
    cheap_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)
    with web_workspace.engine.context.ledger.write() as connection:
        people_accounts.store_rehash(connection, NAME, cheap_hash)
    assert local_login.log_in(web_workspace.engine.context, NAME, password)
    ((_, _, stored_hash, *_),) = web_workspace.ledger_dump()["agent"]
    assert stored_hash.startswith("$argon2id$")
    assert stored_hash != cheap_hash


@pytest.mark.hostile
async def test_a_flood_of_passwords_leaves_threads_to_members(web_workspace, monkeypatch):
    is_over, flood = Event(), MAX_PASSWORD_CHECKS + 10
    monkeypatch.setattr("campaigns.web.desk.staff_login.local_login.log_in", lambda *_: is_over.wait(60) and None)
    app = application(web_workspace.engine)
    async with AsyncExitStack() as stack:
        open_browser = partial(browser_from, web_workspace, app=app)
        strangers = [await stack.enter_async_context(open_browser(f"198.51.{number}.9")) for number in range(flood)]
        form = {"name": NAME, "password": "x"}
        tasks = [asyncio.create_task(web.post("/desk/session", data=form)) for web in strangers]
        try:
            while sum(task.done() for task in tasks) < 10:  # noqa: ASYNC110 - nothing tells that they are refused
                await asyncio.sleep(0.01)
            assert (await strangers[0].get("/me")).status_code == 200
        finally:
            is_over.set()
        answers = Counter([(await task).status_code for task in tasks])
        assert answers == {400: MAX_PASSWORD_CHECKS, 429: 10}
        assert (await strangers[0].post("/desk/session", data=form)).status_code == 400


def test_a_longer_text_than_the_password_opens_nothing_and_replaces_no_hash(web_workspace):
    password = "neljä sanaa on hyvä ".ljust(accounts.MAX_PASSWORD_LENGTH, "x")
    accounts.add(web_workspace.engine.context, NAME, [Role.DESK], password)
    with web_workspace.engine.context.ledger.write() as connection:
        cheap_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)
        people_accounts.store_rehash(connection, NAME, cheap_hash)
    assert local_login.log_in(web_workspace.engine.context, NAME, f"{password}x") is None
    assert local_login.log_in(web_workspace.engine.context, NAME, password)


async def test_a_session_ends_when_idle(web_workspace, web, desk):
    for _ in range(3):
        web_workspace.clock.time += people_accounts.SESSION_IDLE_LIMIT - timedelta(seconds=1)
        assert (await desk.post("/find", typed="x", ground="call")).status_code == 200
    web_workspace.clock.time += people_accounts.SESSION_IDLE_LIMIT
    assert (await desk.post("/find", typed="x", ground="call")).status_code == 403
    assert "Password" in (await web.get("/desk?lang=en")).text


@pytest.mark.hostile
@pytest.mark.parametrize("change", ["another password", "the same roles again", "disabled", "an emergency", "an app"])
async def test_a_change_of_the_account_ends_its_sessions(web_workspace, desk, change):
    context = web_workspace.engine.context
    accounts.set_password(context, NAME, PASSWORD)
    with context.ledger.write() as connection:
        secrets = [people_accounts.open_session(connection, NAME, web_workspace.clock.time) for _ in range(2)]
    match change:
        case "another password":
            accounts.set_password(context, NAME, "viisi sanaa on parempi")
        case "the same roles again":
            accounts.give_roles(context, NAME, [Role.DESK])
        case "disabled":
            accounts.disable(context, NAME)
        case "an emergency":
            accounts.allow_password(context, NAME, timedelta(hours=1))
        case "an app":
            enrolment = second_factor.begin(context, NAME)
            second_factor.confirm(context, enrolment, pyotp.TOTP(enrolment.key).now())
    assert web_workspace.ledger_dump()["agent_session"] == []
    with context.ledger.read() as connection:
        assert not [
            secret
            for secret in secrets
            if people_accounts.account_of_session(connection, secret, web_workspace.clock.time)
        ]


async def test_a_session_ends_after_its_lifetime_despite_use(web_workspace, desk):
    started_at = web_workspace.clock.time
    while web_workspace.clock.time < started_at + people_accounts.SESSION_LIFETIME:
        assert (await desk.post("/find", typed="x", ground="call")).status_code in {200, 429}
        web_workspace.clock.time += people_accounts.SESSION_IDLE_LIMIT / 2
    assert (await desk.post("/find", typed="x", ground="call")).status_code == 403


async def test_changed_roles_end_the_session(web_workspace, desk):
    accounts.give_roles(web_workspace.engine.context, NAME, [Role.ANALYST])
    assert (await desk.post("/find", typed=AINO, ground="call")).status_code == 403


def test_a25_every_desk_form_requires_a_permission(web_workspace):
    governed = {task.path for task in every_task(web_workspace)}
    posts = {route.path for route in routes(pages_app(web_workspace.engine)) if "POST" in route.methods}
    assert {path for path in posts if path.startswith("/desk")} == governed | {
        "/desk/session",
        "/desk/second-step",
        "/desk/out",
    }
    gets = {route.path for route in routes(pages_app(web_workspace.engine)) if "GET" in route.methods}
    views = {view.path for view in every_view(web_workspace)}
    assert {path for path in gets if path.startswith("/desk")} == views | {"/desk"}


@pytest.mark.parametrize("role", Role)
async def test_a25_a_role_opens_only_the_forms_it_is_permitted(web_workspace, web, role):
    desk = await open_desk_session(web_workspace, web, role)
    before = web_workspace.ledger_dump()
    for task in every_task(web_workspace):
        answer = await desk.post(task.path.removeprefix("/desk"))
        permitted = is_permitted([role], task.act)
        # a permitted but empty form is refused: it lacks a ticket, a number or a reason
        if task.path in {"/desk/requests", "/desk/audit"}:
            assert answer.status_code == (200 if permitted else 403)
        elif permitted and task.act in {Permission.LOOK_UP, Permission.ANSWER, Permission.READ_AUDIT}:
            assert answer.status_code in {400, 403}
        else:
            assert answer.status_code == 403
    after = web_workspace.ledger_dump()
    assert {name for name in after if after[name] != before[name]} <= {
        "agent_session",
        "audit",
        "audit_seal",
        "desk_ticket",
        "tried",
    }


@pytest.mark.parametrize("path", ["/find", "/member", "/choices", "/contact", "/mark", "/file", "/merge", "/out"])
@pytest.mark.parametrize("proof", ["", "x", "of another session"])
async def test_desk_forms_without_the_sessions_csrf_token_are_refused(web_workspace, desk, path, proof):
    await desk.open_member()
    desk.proof = (
        web_workspace.engine.context.signer.keyed_hash("desk form", "another")
        if proof == "of another session"
        else proof
    )
    before = web_workspace.ledger_dump()
    answer = await desk.do_task(path, typed=AINO, ground="call", choice="deceased", confirmed="yes")
    assert answer.status_code == 403
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize("path", ["/choices", "/contact", "/mark", "/file", "/merge", "/household"])
@pytest.mark.parametrize("ticket", ["", "x"])
async def test_members_not_looked_up_are_neither_shown_nor_changed(web_workspace, desk, path, ticket):
    await desk.open_member(OTHER)
    before = web_workspace.ledger_dump()
    answer = await desk.do_task(
        path, ticket=ticket, member=AINO, choice="address_secret", email="uusi@example.org", kind="erase", place="0"
    )
    assert answer.status_code == 403
    assert web_workspace.contact(AINO)["email"] not in answer.text
    assert {name for name, rows in web_workspace.ledger_dump().items() if rows != before[name]} <= {"agent_session"}


async def test_a_member_number_in_a_form_does_not_replace_the_one_of_the_ticket(web_workspace, desk):
    await desk.open_member(OTHER)
    await desk.do_task("/contact", member=AINO, email="uusi@example.org")
    assert web_workspace.contact(AINO)["email"] == f"{AINO}@example.org"
    assert web_workspace.contact(OTHER)["email"] == "uusi@example.org"


HOSTILE_VALUES = (
    "", "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "' OR 1=1 --", "{{ 7*7 }}", "../../etc",
    "=1+1", "9" * 300, "-1", "9999-12-31", "0001-01-01", "2017-12-10", "\u202e", "%", "\r\nSet-Cookie: x=y", "yes",
    AINO, "desk", "number", "call", "deceased", "erase", "done", "x" * 5000, "A-1",
)  # fmt: skip
FIELD_NAMES = (
    "by", "typed", "postal_code", "ground", "case", "other", "confirmed", "source", "shown",
    "on", "remove", "email", "phone", "street", "city", "language", "choice", "kind", "words", "first", "last", "store",
    "department", "purpose", "number", "because", "ending",
)  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
async def test_random_desk_forms_cause_no_server_error(web_workspace, web, seed):
    random = Random(seed)  # noqa: S311 - reproducible values, no secret
    desk = await open_desk_session(web_workspace, web, *Role)
    for task in every_task(web_workspace):
        for _ in range(5):
            fields = {name: random.choice(HOSTILE_VALUES) for name in random.sample(FIELD_NAMES, 22)}
            answer = await desk.do_task(task.path.removeprefix("/desk"), **fields)
            assert answer.status_code in {200, 400, 403, 413, 429}, (task.path, fields)
            assert "49" not in re.findall(r"<dd>(.*?)</dd>", answer.text)
        await desk.open_member()
