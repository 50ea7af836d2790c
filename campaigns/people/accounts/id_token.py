"""Verification of an ID token (OpenID Connect Core, 3.1.3.7): signature, issuer, audience, times and nonce."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from campaigns.people.accounts.provider_client import ProviderError

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""Signatures by a private key of the provider: never `none`, never by a secret that two parties know."""

CLOCK_SKEW: Final = 60
"""Seconds by which the provider's clock may differ from ours."""

_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})
_MAX_SUBJECT: Final = 255


@dataclass(frozen=True, slots=True)
class Expectation:
    """Values that a token must have to be meant for this sign-in."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    access_token: str = field(repr=False)
    now: datetime


KeySource = Callable[[bool], KeySet]
"""Keys of the provider; True: fetched again."""


def verify(token: str, keys: KeySource, expected: Expectation) -> Mapping[str, Any]:
    """Return the claims of a token; raise ProviderError unless everything about it is as expected.

    A key that is not known yet is looked for once more: providers rotate their keys.
    """
    try:
        try:
            content = _decode(token, keys(False))
        except InvalidKeyIdError:
            content = _decode(token, keys(True))
        claims = CodeIDToken(
            content.claims,
            content.header,
            options={
                "iss": {"essential": True, "value": expected.issuer},
                "aud": {"essential": True, "value": expected.client_id},
                "sub": {"essential": True},
                "nonce": {"essential": True, "value": expected.nonce},
            },
            params={
                "client_id": expected.client_id,
                "nonce": expected.nonce,
                "access_token": expected.access_token,
            },
        )
        claims.validate(now=int(expected.now.timestamp()), leeway=CLOCK_SKEW)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderError(f"the ID token is not valid: {type(error).__name__} {error}") from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
        raise ProviderError("the ID token is not valid: no subject")
    return dict(claims)


def key_set(document: Mapping[str, Any]) -> KeySet:
    """Return the signing keys of a published key set; secrets that are shared by two parties are none."""
    listed = document.get("keys")
    keys = [key for key in listed if _is_signing_key(key)] if isinstance(listed, list) else []
    try:
        return KeySet.import_key_set({"keys": keys})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderError(f"the provider publishes no usable key: {type(error).__name__}") from error


def _is_signing_key(key: object) -> bool:
    return isinstance(key, dict) and key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig"


def _decode(token: str, keys: KeySet) -> jwt.Token:
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    return jwt.decode(token, keys, algorithms=ALGORITHMS, registry=registry)
