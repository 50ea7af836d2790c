"""Security of every answer: headers, limits, escaping, cookies, and logs without personal data (OP-06, C-07)."""

import asyncio
import logging
from datetime import timedelta

import httpx
import pytest

from campaigns.web.app import application
from campaigns.web.client_network import client_key
from campaigns.web.security_middleware import MAX_BODY_SIZE
from campaigns.web.throttling import ProcessThrottle
from tests.support.page_client import PageClient
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import AINO

PAGES = ["/me", "/healthz", "/u/x", "/nowhere", "/static/pages.css", "/images/none.png"]


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_carries_the_security_headers(web, path):
    headers = (await web.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert "noindex" in headers["x-robots-tag"]


@pytest.mark.parametrize("path", ["/me", "/u/x", "/healthz"])
async def test_pages_are_not_cached(web, path):
    assert (await web.get(path)).headers["cache-control"] == "no-store"


async def test_pages_have_no_scripts_inline_styles_or_external_addresses(web_workspace, web):
    pages = [
        await web.get(web_workspace.link("letters", scope=scope)) for scope in ("unsubscribe", "preferences", "why")
    ]
    pages.append(await sign_in(web_workspace, web, f"{AINO}@example.org"))
    for page in pages:
        for mark in ("<script", "<style", "style=", "javascript:", "onclick", "http://", "https://"):
            assert mark not in page.text.replace("http://localhost:8000/", "/")


@pytest.mark.parametrize("path", ["/me/code", "/me/session", "/me/choices"])
async def test_too_large_bodies_are_refused(web_workspace, web, path):
    async def chunks():
        for number in range(5):
            yield b"f%d=" % number + b"a" * 3900 + b"&"

    before = web_workspace.ledger_dump()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    announced = await web.post(path, content=b"a" * (MAX_BODY_SIZE + 1), headers=form)
    streamed = await web.post(path, content=chunks(), headers=form)
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert "content-security-policy" in streamed.headers
    assert web_workspace.ledger_dump() == before


async def test_forms_with_too_many_fields_are_refused(web):
    assert (await web.post("/me/code", data={f"f{number}": "" for number in range(300)})).status_code == 400


async def test_names_are_escaped(web_workspace, web):
    web_workspace.change_contact(AINO, first_name="<script>alert(1)</script>", city='"><img src=x>')
    page = await sign_in(web_workspace, web, f"{AINO}@example.org")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<img" not in page.text


@pytest.mark.parametrize("language", ["<script>", "fi&lang=sv", "//evil.example", "FI", "../fi"])
async def test_an_unknown_language_is_ignored(web, language):
    page = await web.get("/me", params={"lang": language}, headers={"Accept-Language": "en-GB"})
    assert (page.status_code, page.headers["content-language"]) == (200, "en")
    assert language not in page.text


async def test_the_session_cookie_is_limited_to_this_site(web_workspace):
    path = web_workspace.root / "config" / "settings.yaml"
    text = path.read_text("utf-8").replace("http://localhost:8000", "https://kyla.example.org")
    path.write_text(text, "utf-8")
    web_workspace.reload()
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with PageClient(web_workspace, transport=transport, base_url="https://kyla.example.org") as web:
        page = await web.post("/me/code", data={"address": f"{AINO}@example.org"})
        challenge = hidden_fields(page.text)["challenge"][0]
        answer = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[0]})
    cookie = answer.headers.get_list("set-cookie")[0]
    assert cookie.startswith("__Host-viesti=")
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert answer.headers["location"] == "/me?lang=fi"
    assert "max-age" in answer.headers["strict-transport-security"]


async def test_logs_hold_no_address_name_code_or_link(web_workspace, web, caplog):
    caplog.set_level(logging.DEBUG)
    mail, link = f"{AINO}@example.org", web_workspace.link("letters")
    await web.post(link, data={"List-Unsubscribe": "One-Click"})
    await sign_in(web_workspace, web, mail)
    notes = web_workspace.root / "outbox" / "notes"
    notes.rename(web_workspace.root / "outbox" / "elsewhere")
    notes.write_text("in the way")
    await web.post("/me/code", data={"address": mail})
    await asyncio.to_thread(web_workspace.engine.notice_sender.send_waiting)
    lines = [record.getMessage() for record in caplog.records if record.name.split(".")[0] != "httpx"]
    assert any("notices wait" in line for line in lines)
    notes.unlink()
    (web_workspace.root / "outbox" / "elsewhere").rename(notes)
    secrets = (
        mail,
        web_workspace.contact(AINO)["first_name"],
        link.split("/")[2],
        web_workspace.codes()[0],
        web_workspace.codes()[0].replace(" ", ""),
    )
    for line in lines:
        assert not [secret for secret in secrets if secret in line], line


async def test_server_errors_show_no_details(web_workspace, monkeypatch):
    app = application(web_workspace.engine)
    monkeypatch.setattr("campaigns.web.page_context.find_message", lambda *_: 1 / 0)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        answer = await web.get(web_workspace.link("letters") + "?lang=en")
    assert answer.status_code == 500
    assert "The fault is ours" in answer.text
    assert "division" not in answer.text


def test_the_throttle_forgets_the_client_seen_longest_ago(web_workspace):
    throttle = ProcessThrottle(1, timedelta(minutes=1))
    now = web_workspace.clock.time
    assert throttle.allows("first", now)
    assert not throttle.allows("first", now)
    for number in range(10_000):
        throttle.allows(str(number), now)
    assert throttle.allows("first", now)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        (None, "testclient", False),
    ],
)
def test_clients_are_distinguished_by_address_or_network(one, other, same):
    assert (client_key(one) == client_key(other)) is same
