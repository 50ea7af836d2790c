"""Identity provider of the organisation: authorisation code flow with PKCE, state and nonce (OpenID Connect)."""

import hmac
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from campaigns.core.clock import Clock
from campaigns.core.model.enums import Language
from campaigns.core.model.settings import Settings
from campaigns.core.model.staff_settings import OidcSettings
from campaigns.core.tokens import Signer
from campaigns.people.accounts import id_token, provider_client
from campaigns.people.accounts.id_token import Expectation
from campaigns.people.accounts.provider_client import (
    CodeExchange,
    ProviderError,
    ProviderMetadata,
    UnusableProviderError,
)

SECRET_VARIABLE: Final = "VIESTI_OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a variable
CALLBACK_PATH: Final = "/desk/provider/callback"
SIGN_IN_LIFETIME: Final = timedelta(minutes=10)
"""Time from the button to the provider's answer."""

_METADATA_LIFETIME: Final = timedelta(minutes=10)
_FAILURE_LIFETIME: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = 1.0
_REAL_TIME: Final = Clock()


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """Sign-in that a browser began: `secret` is in its cookie, and everything sent to the provider follows from it."""

    secret: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Callback:
    """Query of the provider's answer, as the browser brought it; a repeated field counts as missing."""

    code: str
    state: str
    issuer: str
    error: str


@dataclass
class IdentityProvider:
    """Identity provider of the settings, for one process; its metadata and keys are kept for a while."""

    settings: OidcSettings
    redirect_uri: str
    signer: Signer = field(repr=False)
    clock: Clock = _REAL_TIME
    _metadata: ProviderMetadata | None = field(default=None, init=False, repr=False)
    _fetched_at: datetime | None = field(default=None, init=False, repr=False)
    _failed_at: datetime | None = field(default=None, init=False, repr=False)
    _keys: KeySet | None = field(default=None, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def begin(self, language: Language) -> tuple[SignInAttempt, str]:
        """Return a new attempt, and the provider's address for it; raise UnusableProviderError."""
        self._require_secret()
        issued_at = int(self.clock.now().timestamp())
        attempt = self._attempt(f"{issued_at}.{secrets.token_urlsafe(32)}.{language.value}")
        return attempt, self._authorization_url(attempt)

    def claims(self, cookie: str, callback: Callback) -> Mapping[str, Any]:
        """Return the claims of the person who signed in; raise ProviderError for anything unexpected.

        `cookie` is the secret of the attempt that this browser began.
        """
        attempt = self._attempt(cookie)
        if not cookie or not hmac.compare_digest(callback.state.encode(), attempt.state.encode()):
            raise ProviderError("the answer is not for a sign-in that this browser began")
        if not self._is_recent(cookie):
            raise ProviderError("the answer came too late")
        metadata = self.metadata()
        if callback.issuer != metadata.issuer and (callback.issuer or metadata.names_itself):
            raise ProviderError("the answer is of another issuer")
        if callback.error or not callback.code:
            raise ProviderError(f"the provider answered without a code: {callback.error[:40]!r}")
        exchange = CodeExchange(callback.code, self.redirect_uri, attempt.code_verifier)
        tokens = provider_client.exchange_code(metadata, self.settings.client_id, self._require_secret(), exchange)
        return self._verified_claims(metadata, tokens, attempt.nonce)

    def end_session_url(self) -> str | None:
        """Return the address that ends the person's session at the provider; None where it has none."""
        endpoint = self.metadata().end_session_endpoint
        if endpoint is None:
            return None
        back = self.redirect_uri.removesuffix(CALLBACK_PATH) + "/desk"
        query = [("client_id", self.settings.client_id), ("post_logout_redirect_uri", back)]
        return str(add_params_to_uri(endpoint, query))

    def metadata(self) -> ProviderMetadata:
        """Return the discovery document, at most ten minutes old."""
        now = self.clock.now()
        with self._locked():
            if self._failed_at is not None and now - self._failed_at < _FAILURE_LIFETIME:
                raise UnusableProviderError("it did not answer a moment ago")
            if self._metadata is None or self._fetched_at is None or now - self._fetched_at > _METADATA_LIFETIME:
                self._failed_at = now
                self._metadata = provider_client.discover(self.settings.issuer)
                self._fetched_at, self._failed_at, self._keys = now, None, None
            return self._metadata

    def probe_url(self) -> str:
        """Return an authorisation request that a provider answers at once: nobody is asked to sign in."""
        return f"{self._authorization_url(self._attempt('probe'))}&prompt=none"

    def _verified_claims(self, metadata: ProviderMetadata, tokens: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(token, str) or not isinstance(access_token, str):
            raise ProviderError("the provider gave no ID token")
        expected = Expectation(metadata.issuer, self.settings.client_id, nonce, access_token, self.clock.now())

        def keys(again: bool) -> KeySet:
            return self._key_set(metadata, again=again)

        claims = id_token.verify(token, keys, expected)
        wanted = (self.settings.name_claim, self.settings.roles_claim)
        if all(claim.partition(".")[0] in claims for claim in wanted):
            return claims
        more = provider_client.fetch_user_info(metadata, access_token)
        if more and more.get("sub") != claims["sub"]:
            raise ProviderError("the userinfo is about another person")
        return {**more, **claims}

    def _key_set(self, metadata: ProviderMetadata, *, again: bool) -> KeySet:
        with self._locked():
            if self._keys is None or again:
                self._keys = id_token.key_set(provider_client.fetch_keys(metadata))
            return self._keys

    def _authorization_url(self, attempt: SignInAttempt) -> str:
        return str(
            prepare_grant_uri(
                self.metadata().authorization_endpoint,
                self.settings.client_id,
                "code",
                self.redirect_uri,
                self.settings.scope,
                attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.code_verifier),
                code_challenge_method="S256",
            )
        )

    def _attempt(self, secret: str) -> SignInAttempt:
        derived = (self.signer.keyed_hash("oidc", use, self.settings.issuer, secret) for use in range(4))
        state, nonce, *verifier = derived
        return SignInAttempt(secret, state, nonce, "".join(verifier))

    def _is_recent(self, secret: str) -> bool:
        issued_at, _, _ = secret.partition(".")
        if not issued_at.isascii() or not issued_at.isdigit():
            return False
        return 0 <= self.clock.now().timestamp() - int(issued_at) + 1 <= SIGN_IN_LIFETIME.total_seconds()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=_LONGEST_WAIT):  # a provider that hangs must not occupy every thread
            raise UnusableProviderError("it is slow to answer")
        try:
            yield
        finally:
            self._lock.release()

    def _require_secret(self) -> str:
        secret = os.environ.get(SECRET_VARIABLE, "")
        if not secret:
            raise UnusableProviderError(f"{SECRET_VARIABLE} is not in the environment")
        return secret


def identity_provider(settings: Settings, signer: Signer) -> IdentityProvider | None:
    """Return the identity provider of a workspace; None when none is set."""
    oidc = settings.staff.oidc
    if oidc is None:
        return None
    return IdentityProvider(oidc, f"{str(settings.public_url).rstrip('/')}{CALLBACK_PATH}", signer)
