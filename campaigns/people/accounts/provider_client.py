"""HTTP client of the identity provider: discovery document, signing keys, token and userinfo endpoints."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.discovery import get_well_known_url

from campaigns.channels.http_pool import HttpPool, HttpReply
from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.core.model.staff_settings import is_safe_url

_TIMEOUT: Final = 5.0
_MAX_SIZE: Final = 1024 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_REQUIRED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL: Final = ("userinfo_endpoint", "end_session_endpoint")
_BY_HEADER: Final = "client_secret_basic"
_BY_BODY: Final = "client_secret_post"


class ProviderError(Exception):
    """Sign-in that the identity provider, or what it answered, does not allow; the text is for the log."""


class UnusableProviderError(ProviderError):
    """Identity provider that cannot be reached, or is not set up here as it should be."""


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """Discovery document of a provider, with each address checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    secret_by_body: bool
    names_itself: bool  # its answers carry `iss` (RFC 9207)

    @classmethod
    def parse(cls, issuer: str, document: Mapping[str, Any]) -> Self:
        """Return the metadata; raise UnusableProviderError when it is of another issuer or an address is unsafe."""
        if document.get("issuer") != issuer:
            raise UnusableProviderError(f"it calls itself {document.get('issuer')!r}, not {issuer!r}")
        addresses = {name: document.get(name) for name in (*_REQUIRED, *_OPTIONAL)}
        for name, address in addresses.items():
            is_missing = address is None and name in _OPTIONAL
            if not is_missing and not (isinstance(address, str) and is_safe_url(address)):
                raise UnusableProviderError(f"its {name} is no https address")
        methods = document.get("token_endpoint_auth_methods_supported", [_BY_HEADER])
        return cls(
            issuer=issuer,
            **addresses,  # type: ignore[arg-type]
            secret_by_body=_BY_HEADER not in methods and _BY_BODY in methods,
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        )


@dataclass(frozen=True, slots=True)
class CodeExchange:
    """Authorisation code, and the proof that this browser asked for it."""

    code: str
    redirect_uri: str
    code_verifier: str


def discover(issuer: str) -> ProviderMetadata:
    """Return the metadata of an issuer; raise UnusableProviderError when there is none."""
    return ProviderMetadata.parse(issuer, _object(_request("GET", get_well_known_url(issuer, external=True))))


def fetch_keys(metadata: ProviderMetadata) -> Mapping[str, Any]:
    """Return the provider's key set as it publishes it."""
    return _object(_request("GET", metadata.jwks_uri))


def exchange_code(
    metadata: ProviderMetadata, client_id: str, client_secret: str, exchange: CodeExchange
) -> Mapping[str, Any]:
    """Return the tokens for a code; raise ProviderError when the provider refuses it, as a used one."""
    body = prepare_token_request(
        "authorization_code",
        redirect_uri=exchange.redirect_uri,
        code=exchange.code,
        code_verifier=exchange.code_verifier,
    )
    method = _BY_BODY if metadata.secret_by_body else _BY_HEADER
    headers = {"Content-Type": _FORM, "Accept": "application/json"}
    auth = ClientAuth(client_id, client_secret, method)
    uri, headers, body = auth.prepare("POST", metadata.token_endpoint, headers, body)
    reply = _request("POST", uri, headers, body.encode())
    if reply.status in {400, 401}:
        raise ProviderError(f"the provider refused the code: HTTP {reply.status}")
    return _object(reply)


def fetch_user_info(metadata: ProviderMetadata, access_token: str) -> Mapping[str, Any]:
    """Return the claims of the userinfo endpoint; none when the provider has no such endpoint."""
    if metadata.userinfo_endpoint is None:
        return {}
    return _object(_request("GET", metadata.userinfo_endpoint, {"Authorization": f"Bearer {access_token}"}))


def answer_without_login(url: str) -> str | None:
    """Return where the provider redirects a request that asks for no login; None when it answers by itself."""
    reply = _request("GET", url)
    return reply.headers.get("Location") if 300 <= reply.status < 400 else None


def _request(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> HttpReply:
    async def send() -> HttpReply:
        pool = HttpPool(1, _TIMEOUT)
        await pool.open()
        try:
            reply = await pool.request(method, url, headers=headers or {}, body=body)
        finally:
            await pool.close()
        if not isinstance(reply, HttpReply):
            raise UnusableProviderError(f"{url} does not answer: {reply.detail}")
        return reply

    try:
        return asyncio.run(send())
    except ChannelMisconfiguredError as error:
        raise UnusableProviderError(f"{url}: {error}") from error


def _object(reply: HttpReply) -> Mapping[str, Any]:
    if reply.status != 200 or len(reply.body) > _MAX_SIZE:
        raise UnusableProviderError(f"the provider answered HTTP {reply.status}, {len(reply.body)} bytes")
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise UnusableProviderError("the provider answered no JSON") from error
    if not isinstance(document, dict):
        raise UnusableProviderError("the provider answered no JSON object")
    return document
