"""Malformed requests over a real connection: refused with an answer, or the connection is closed."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request

from campaigns.web import server
from campaigns.web.app import application
from campaigns.web.security_middleware import SecurityMiddleware
from tests.support.served_pages import serve_pages
from tests.support.web_client import WebWorkspace

HOST = b"Host: localhost:8000\r\n"
FORM = HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
pytestmark = pytest.mark.hostile

FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
REQUESTS = (
    (404, b"GET /static/../app.py HTTP/1.1\r\n" + HOST),
    (404, b"GET /static/..%2f..%2fapp.py HTTP/1.1\r\n" + HOST),
    (404, b"GET /static/%2e%2e/%2e%2e/app.py HTTP/1.1\r\n" + HOST),
    (404, b"GET /static/....//app.py HTTP/1.1\r\n" + HOST),
    (404, b"GET /static//etc/passwd HTTP/1.1\r\n" + HOST),
    (404, b"GET /images/..%5c..%5cconfig%5csettings.yaml HTTP/1.1\r\n" + HOST),
    (404, b"GET /images/%00.png HTTP/1.1\r\n" + HOST),
    (404, b"GET /images/../config/settings.yaml HTTP/1.1\r\n" + HOST),
    (404, b"GET //evil.example.org/ HTTP/1.1\r\n" + HOST),
    (404, b"GET /\\evil.example.org HTTP/1.1\r\n" + HOST),
    (200, b"GET http://evil.example.org/me HTTP/1.1\r\n" + HOST),
    (404, b"GET /me%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n" + HOST),
    (404, b"GET /u/" + b"A" * 20_000 + b" HTTP/1.1\r\n" + HOST),
    (200, b"GET /me?lang=" + b"%ff" * 50 + b" HTTP/1.1\r\n" + HOST),
    (200, b"GET /me HTTP/1.1\r\n" + HOST + b"Cookie: " + b"viesti=x; " * 500 + b"\r\n"),
    (200, b"GET /me HTTP/1.1\r\n" + HOST + b"Cookie: viesti=\xff\xfe\r\n"),
    (200, b"GET /me HTTP/1.1\r\n" + HOST + b"Accept-Language: " + b"x," * 5000 + b"\r\n"),
    (200, b"GET /me HTTP/1.1\r\nHost: evil.example.org\r\nX-Forwarded-Host: evil.example.org\r\n"),
    (200, b"GET /me HTTP/1.1\r\nHost: " + b"a" * 3000 + b"\r\n"),
    (200, b"GET /me HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: not an address\r\nX-Forwarded-Proto: gopher\r\n"),
    (
        200,
        b"GET /me HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ),
    (405, b"TRACE /me HTTP/1.1\r\n" + HOST),
    (400, b"CONNECT evil.example.org:443 HTTP/1.1\r\n" + HOST),
    (400, b"QQQ /me HTTP/1.1\r\n" + HOST),
    (400, b"GET /me HTTP/9.9\r\n" + HOST),
    (400, b"POST /me/code HTTP/1.1\r\n" + FORM + b"Content-Length: -5\r\n"),
    (400, b"POST /me/code HTTP/1.1\r\n" + FORM + b"Content-Length: 99999999999999999999\r\n"),
    (400, b"POST /me/code HTTP/1.1\r\n" + FORM + b"Content-Length: 5\r\nContent-Length: 6\r\n"),
    (400, b"POST /me/code HTTP/1.1\r\n" + FORM + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    (400, b"POST /me/code HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: identity, chunked, x\r\n"),
    (400, b"POST /me/code HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data\r\nContent-Length: 0\r\n"),
    (403, b"POST /me/code HTTP/1.1\r\n" + HOST + b"Content-Type: text/html; charset=utf-7\r\nContent-Length: 0\r\n"),
    (503, b"POST /webhooks/twilio/status HTTP/1.1\r\n" + FORM + b"Content-Length: 0\r\n"),
    (404, b"POST /webhooks/sendgrid/ HTTP/1.1\r\n" + FORM + b"Content-Length: 0\r\n"),
)


@pytest.fixture
def server_address(web_workspace: WebWorkspace) -> Iterator[tuple[str, int]]:
    with serve_pages(web_workspace) as address:
        parts = urlsplit(address)
        yield str(parts.hostname), int(parts.port or 0)


def exchange(address: tuple[str, int], request: bytes) -> bytes:
    """Send bytes and return the answer; empty when the connection is closed without one."""
    with socket.create_connection(address) as connection:
        connection.settimeout(10)
        try:
            connection.sendall(request)
            return connection.recv(65_536)
        except ConnectionError:
            return b""


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def ledger_without_attempts(web_workspace: WebWorkspace) -> dict:
    """Ledger rows, without the counted attempts of clients."""
    return {name: rows for name, rows in web_workspace.ledger_dump().items() if name != "tried"}


def test_malformed_requests_get_an_answer_without_a_redirect_and_change_nothing(web_workspace, server_address):
    before = ledger_without_attempts(web_workspace)
    for expected, request in REQUESTS:
        answer = exchange(server_address, request + b"\r\n")
        assert status(answer) == expected, request[:80]
        head = answer.partition(b"\r\n\r\n")[0].lower().replace(b"set-cookie: viesti-form=", b"")
        for mark in (b"evil.example.org", b"set-cookie", b"location:", b"server:"):
            assert mark not in head, request[:80]
        assert b"evil.example.org" not in answer
        assert b"public_url" not in answer
    assert ledger_without_attempts(web_workspace) == before


def test_connections_with_endless_headers_are_closed(server_address):
    endless_headers = b"GET /me HTTP/1.1\r\n" + HOST + b"X: y\r\n" * (server.MAX_HEADER_SIZE // 3)
    assert exchange(server_address, endless_headers) == b""
    assert status(exchange(server_address, b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")) == 200


def test_slow_connections_are_closed(web_workspace, monkeypatch):
    monkeypatch.setattr(server, "HEADER_TIMEOUT", 0.1)
    with serve_pages(web_workspace) as address:
        parts = urlsplit(address)
        for sent, answers in (
            (b"", 0),
            (b"GET /me HTTP/1.1\r\nHost: ", 0),
            (b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\nGET /me", 1),
        ):
            with socket.create_connection((str(parts.hostname), int(parts.port or 0))) as connection:
                connection.settimeout(10)
                connection.sendall(sent)
                received = b"".join(iter(lambda: connection.recv(65_536), b""))
            assert received.count(b"HTTP/1.1 ") == answers


@pytest.mark.parametrize("path", ["/me/code", "/webhooks/twilio/status"])
def test_a_missing_body_times_out(web_workspace, monkeypatch, path):
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setattr("campaigns.web.security_middleware.BODY_TIMEOUT", 0.05)
    with serve_pages(web_workspace) as address:
        parts = urlsplit(address)
        request = f"POST {path} HTTP/1.1\r\n".encode() + FORM + b"Content-Length: 100\r\n\r\naddress="
        assert status(exchange((str(parts.hostname), int(parts.port or 0)), request)) == 408


async def test_a_client_disconnect_logs_nothing(caplog):
    async def read_body(scope, receive, send):
        await Request(scope, receive).body()

    async def disconnect():
        return {"type": "http.disconnect"}

    scope = {"type": "http", "path": "/me/code", "method": "POST", "headers": []}
    await SecurityMiddleware(read_body, encrypted=False)(scope, disconnect, disconnect)
    assert caplog.records == []


@pytest.mark.parametrize(
    "fields",
    [b"on=a&on=b&proof=1&proof=2", b"List-Unsubscribe=One-Click&List-Unsubscribe=x"],
    ids=["choices", "one click"],
)
async def test_duplicate_form_fields_are_refused(web_workspace, web, fields):
    before = web_workspace.ledger_dump()
    answer = await web.post(web_workspace.link("letters"), content=fields, headers=FORM_HEADERS)
    assert answer.status_code == 400
    assert web_workspace.ledger_dump() == before


@pytest.mark.parametrize("charset", ["undefined", "a\0b", "idna", "unicode_escape", "utf-7", "zlib", "x" * 3000])
@pytest.mark.parametrize("path", ["/me/code", "/join", "/desk/session"])
async def test_no_charset_of_a_form_breaks_a_page(web, path, charset):
    body = b'--b\r\nContent-Disposition: form-data; name="address"\r\n\r\n..\\ud800\xff\r\n--b--\r\n'
    content_type = f"multipart/form-data; boundary=b; charset={charset}".encode()
    answer = await web.post(path, content=body, headers={b"Content-Type": content_type})
    assert answer.status_code in {400, 403}


async def test_several_invalid_cookies_sign_nobody_in(web):
    cookies = "viesti=; viesti=x; viesti-desk=y; __Host-viesti=z"
    for path in ("/me", "/desk"):
        page = await web.get(path, headers={"Cookie": cookies})
        assert page.status_code == 200
        assert page.headers["set-cookie"].startswith("viesti-form=")
        assert 'name="proof"' not in page.text


async def test_cross_site_forms_are_refused(web_workspace, web):
    """Cookies are `SameSite=Strict`, and a form needs the session's CSRF token; the Origin header is not trusted."""
    before = web_workspace.ledger_dump()
    for path in ("/me/choices", "/me/out", "/desk/member", "/desk/out"):
        answer = await web.post(path, data={"proof": ""}, headers={"Origin": "https://evil.example.org"})
        assert answer.status_code == 403
    assert web_workspace.ledger_dump() == before


async def test_server_errors_carry_the_security_headers(web_workspace, monkeypatch):
    monkeypatch.setattr("campaigns.web.page_context.find_message", lambda *_: 1 / 0)
    transport = httpx.ASGITransport(application(web_workspace.engine), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        answer = await web.get(web_workspace.link("letters"))
    assert (answer.status_code, answer.headers["cache-control"]) == (500, "no-store")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
