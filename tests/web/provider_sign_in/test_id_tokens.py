"""ID tokens of an identity provider that lies: only one signed for us, now and for this sign-in counts."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt

from campaigns.core.clock import Clock
from tests.support.oidc_double import CLIENT_ID, SUBJECT, OidcDouble, encoded, new_key
from tests.support.provider_sign_in import assert_refused, begin, come_back, sign_in

pytestmark = pytest.mark.loopback


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
async def test_tokens_of_usual_algorithms_are_accepted(web, provider, algorithm):
    provider.key = new_key("of this test", "EC" if algorithm == "ES256" else "RSA")
    provider.header = {"alg": algorithm}
    assert (await sign_in(web, provider)).status_code == 200


async def test_a_rotated_key_is_fetched_when_a_token_names_it(web, provider):
    await sign_in(web, provider)
    provider.key, provider.used_codes = new_key("second"), set()
    assert (await sign_in(web, provider)).status_code == 200
    provider.used_codes = set()
    assert (await sign_in(web, provider)).status_code == 200
    assert provider.key_fetches == 2


NOW = int(Clock().now().timestamp())  # as the module is read, which can be many minutes before a test
CLAIMS: Mapping[str, dict[str, Any]] = {
    "another nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
    "an empty nonce": {"nonce": ""},
    "a list of nonces": {"nonce": ["a", "b"]},
    "another issuer": {"iss": "https://evil.example"},
    "the issuer with a slash": {"iss": "+/"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another client"},
    "no audience": {"aud": None},
    "a list of other audiences": {"aud": ["a", "b"]},
    "several audiences and no authorised party": {"aud": [CLIENT_ID, "another"]},
    "several audiences and another authorised party": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "another authorised party": {"azp": "another"},
    "an audience that only contains ours": {"aud": f"{CLIENT_ID}-test"},
    "an expired token": {"exp": NOW - 3600},
    "a token that never expires": {"exp": None},
    "an expiry in words": {"exp": "tomorrow"},
    "a token of tomorrow": {"iat": NOW + 86_400},
    "a token that is not valid yet": {"nbf": NOW + 86_400},
    "no time of issue": {"iat": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a list": {"sub": [SUBJECT]},
    "a very long subject": {"sub": "x" * 300},
    "a hash of another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", CLAIMS)
async def test_an_id_token_is_refused_that_has(web_workspace, web, provider, kind):
    provider.claims = dict(CLAIMS[kind])
    if provider.claims.get("iss") == "+/":
        provider.claims["iss"] = f"{provider.issuer}/"
    assert_refused(web_workspace, web, await sign_in(web, provider))
    assert web_workspace.ledger_dump()["agent"] == []


@pytest.mark.parametrize("seconds", [-30, 30])
async def test_the_providers_clock_may_differ_by_half_a_minute(web, provider, seconds):
    now = int(Clock().now().timestamp())
    provider.claims = {"iat": now + seconds, "exp": now + seconds + (0 if seconds < 0 else 300)}
    assert (await sign_in(web, provider)).status_code == 200


def signed_by_secret(provider: OidcDouble, secret: bytes) -> str:
    """Return the token signed by HS256, as an attacker does who knows the secret, or the public key."""
    content = f"{encoded({'alg': 'HS256', 'kid': provider.key.kid})}.{provider.signed_token().split('.')[1]}"
    tag = hmac.digest(secret, content.encode(), "sha256")
    return f"{content}.{urlsafe_b64encode(tag).decode().rstrip('=')}"


def signed_by_own_key(provider: OidcDouble) -> str:
    own = new_key("own")
    claims = jwt.decode(provider.signed_token(), provider.key, ["RS256"]).claims
    return jwt.encode({"alg": "RS256", "jwk": own.as_dict(private=False)}, claims, own)


def signed_with_header(provider: OidcDouble, **header: Any) -> str:
    """Return the token, rightly signed, with more headers."""
    head = encoded({"alg": "RS256", "kid": provider.key.kid, **header})
    content = f"{head}.{provider.signed_token().split('.')[1]}"
    key = load_pem_private_key(provider.key.as_pem(private=True), None)
    assert isinstance(key, RSAPrivateKey)
    signature = key.sign(content.encode(), PKCS1v15(), SHA256())
    return f"{content}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def with_other_body(provider: OidcDouble, signature_of: str) -> str:
    provider.claims = {"sub": "somebody else"}
    head, _, signature = signature_of.split(".")
    return f"{head}.{provider.signed_token().split('.')[1]}.{signature}"


async def test_a_token_with_a_harmless_header_is_accepted(web, provider):
    query = await begin(web, provider)
    provider.id_token = signed_with_header(provider, typ="JWT", x=1)
    assert (await come_back(web, query)).status_code == 200


FORGERIES: Mapping[str, Callable[[OidcDouble, str, str, str], str]] = {
    "signed by nobody": lambda double, _, body, __: f"{encoded({'alg': 'none', 'kid': double.key.kid})}.{body}.",
    "signed by nobody, in other letters": lambda _, __, body, ___: f"{encoded({'alg': 'nOnE'})}.{body}.",
    "without a signature": lambda _, head, body, __: f"{head}.{body}.",
    "with a changed body": lambda _, head, body, signature: f"{head}.{body[:-3]}AAA.{signature}",
    "with the body of another person": lambda double, *parts: with_other_body(double, ".".join(parts)),
    "signed by the public key as a secret": lambda double, *_: signed_by_secret(
        double, double.key.as_pem(private=False)
    ),
    "signed by the client's secret": lambda double, *_: signed_by_secret(double, b"the secret of a test"),
    "signed by an empty secret": lambda double, *_: signed_by_secret(double, b""),
    "with a key of its own in its header": lambda double, *_: signed_by_own_key(double),
    "with a critical header that nobody knows": lambda double, *_: signed_with_header(double, crit=["x"], x=1),
    "with a header that leaves its body unencoded": lambda double, *_: signed_with_header(double, b64=False),
    "that is no token": lambda *_: "x",
    "that is empty": lambda *_: "",
    "of four parts": lambda _, *parts: ".".join((*parts, "x")),
    "that is huge": lambda _, *parts: ".".join(parts) + "A" * 200_000,
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", FORGERIES)
async def test_a_token_is_refused(web_workspace, web, provider, kind):
    query = await begin(web, provider)
    provider.id_token = FORGERIES[kind](provider, *provider.signed_token().split("."))
    assert_refused(web_workspace, web, await come_back(web, query))
    assert web_workspace.ledger_dump()["agent"] == []


@pytest.mark.hostile
@pytest.mark.parametrize(
    "published", ["another key of the same name", "a key for encryption", "a shared secret", "none"]
)
async def test_a_token_is_refused_whose_key_is_not_published(web_workspace, web, provider, published):
    keys = {
        "another key of the same name": [new_key("first").as_dict(private=False)],
        "a key for encryption": [{**provider.key.as_dict(private=False), "use": "enc"}],
        "a shared secret": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "first"}],
        "none": [],
    }
    provider.published = keys[published]
    assert_refused(web_workspace, web, await sign_in(web, provider))
