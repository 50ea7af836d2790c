"""Double of an identity provider on the loopback that signs whatever a test wants, and misbehaves as it says."""

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry

from campaigns.core.clock import Clock

CLIENT_ID: Final = "viesti"
CLIENT_SECRET: Final = "the secret of a test"
SUBJECT: Final = "00u1maija"
EVERY_ALGORITHM: Final = ["RS256", "PS256", "ES256", "HS256", "none"]


def new_key(kid: str, kind: str = "RSA") -> Key:
    """Return a key pair with this id."""
    parameters = {"kid": kid, "use": "sig"}
    return RSAKey.generate_key(2048, parameters) if kind == "RSA" else ECKey.generate_key("P-256", parameters)


@dataclass
class OidcDouble:
    """Provider at `issuer`; tests change its fields between requests. `requests` are those to the token endpoint."""

    issuer: str
    key: Key = field(default_factory=lambda: new_key("first"))
    published: list[dict[str, Any]] | None = None  # None: the key in use
    metadata_changes: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)  # None removes a claim
    user_info: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    id_token: str | None = None  # in place of a signed one
    token_status: int = 200
    nonce: str = ""
    requests: list[dict[str, str]] = field(default_factory=list)
    key_fetches: int = 0
    used_codes: set[str] = field(default_factory=set)

    def metadata(self) -> dict[str, Any]:
        names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint")
        paths = {name: f"{self.issuer}/{name.removesuffix('_endpoint')}" for name in names}
        document = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **paths, **self.metadata_changes}
        return {name: value for name, value in document.items() if value is not None}

    def keys(self) -> dict[str, Any]:
        self.key_fetches += 1
        return {"keys": [self.key.as_dict(private=False)] if self.published is None else self.published}

    def signed_token(self) -> str:
        """Return the ID token for the nonce of the sign-in under way, with this test's changes."""
        now = int(Clock().now().timestamp())
        claims = {
            "iss": self.issuer, "sub": SUBJECT, "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": self.nonce,
            "preferred_username": "maija", "groups": ["viesti-desk"], **self.claims,
        }  # fmt: skip
        kept = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256" if isinstance(self.key, RSAKey) else "ES256", "kid": self.key.kid, **self.header}
        registry = JWSRegistry(algorithms=EVERY_ALGORITHM)
        return jwt.encode(header, kept, self.key, algorithms=EVERY_ALGORITHM, registry=registry)

    def tokens(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        self.requests.append(form)
        name, _, secret = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if self.token_status != 200 or (unquote(name), unquote(secret)) != (CLIENT_ID, CLIENT_SECRET):
            return (401 if self.token_status == 200 else self.token_status), {"error": "invalid_client"}
        if form["code"] in self.used_codes:
            return 400, {"error": "invalid_grant"}
        self.used_codes.add(form["code"])
        token = self.signed_token() if self.id_token is None else self.id_token
        return 200, {"id_token": token, "access_token": "access", "token_type": "Bearer"}


def encoded(value: dict[str, Any]) -> str:
    """Return a part of a token, for tokens that no library makes."""
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@contextmanager
def serve_oidc() -> Iterator[OidcDouble]:
    """Serve a double until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            documents = {
                "/.well-known/openid-configuration": double.metadata,
                "/keys": double.keys,
                "/userinfo": lambda: {"sub": SUBJECT, **double.user_info},
            }
            path = self.path.partition("?")[0]
            self.answer(200 if path in documents else 404, documents.get(path, dict)())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.answer(*double.tokens(form, self.headers.get("Authorization", "")))

        def answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double = OidcDouble(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
