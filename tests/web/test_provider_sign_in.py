"""Sign-in of staff by an identity provider that lies, is lied to, or is not there: nobody gets in by mistake."""

import asyncio
import hmac
import logging
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import timedelta
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt

from campaigns.core.clock import Clock
from campaigns.core.model.roles import Role
from campaigns.people.accounts import local_login, staff_accounts
from campaigns.people.accounts.identity_provider import identity_provider
from campaigns.people.accounts.provider_client import ProviderError
from campaigns.store.people import accounts as people_accounts
from campaigns.store.people.accounts import ProviderIdentity
from campaigns.web.app import application
from campaigns.web.desk.provider_sign_in import MAX_ANSWERS
from tests.support.desk_session import open_desk_session
from tests.support.oidc_double import CLIENT_ID, SUBJECT, OidcDouble, encoded, new_key, serve_oidc
from tests.support.page_client import PageClient
from tests.support.page_walk import hidden_fields
from tests.support.staff_settings import oidc, set_staff
from tests.support.web_client import WebWorkspace

pytestmark = pytest.mark.loopback
PASSWORD = "neljä sanaa on hyvä"


@pytest.fixture
def provider(web_workspace: WebWorkspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcDouble]:
    monkeypatch.setenv("VIESTI_OIDC_CLIENT_SECRET", "the secret of a test")
    with serve_oidc() as provider:
        set_staff(
            web_workspace, f"{{{oidc(provider.issuer, roles='viesti-desk: [desk], officers: [privacy_officer]')}}}"
        )
        yield provider


@pytest.fixture
async def browser_of(web_workspace: WebWorkspace, provider: OidcDouble) -> AsyncIterator[Any]:
    """Another browser at each call, of one and the same application."""
    transport = httpx.ASGITransport(application(web_workspace.engine))
    clients: list[PageClient] = []

    def new_browser() -> PageClient:
        clients.append(PageClient(web_workspace, transport=transport, base_url="http://localhost:8000"))
        return clients[-1]

    yield new_browser
    for client in clients:
        await client.aclose()


@pytest.fixture
def web(browser_of: Any) -> PageClient:
    return browser_of()


async def begin(web: PageClient, provider: OidcDouble) -> Mapping[str, str]:
    """Press the button; return the query of the authorisation request."""
    answer = await web.get("/desk/provider?lang=en")
    assert answer.status_code == 303, answer.text
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    provider.nonce = query["nonce"]
    return query


async def come_back(web: PageClient, query: Mapping[str, str], **changes: str) -> httpx.Response:
    """Bring the provider's answer back, with changes; an empty value leaves a field out."""
    fields = {"code": "the code", "state": query["state"], **changes}
    kept = {name: value for name, value in fields.items() if value}
    return await web.get("/desk/provider/callback", params=kept, headers={"Accept-Language": "en"})


async def sign_in(web: PageClient, provider: OidcDouble) -> httpx.Response:
    return await come_back(web, await begin(web, provider))


def account(web_workspace: WebWorkspace, name: str = "maija") -> people_accounts.Account:
    return staff_accounts.require_account(web_workspace.engine.context, name)


def assert_refused(web_workspace: WebWorkspace, web: PageClient, answer: httpx.Response, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    assert "it@example.org" in answer.text  # who helps
    assert "viesti-desk" not in web.cookies
    assert web_workspace.ledger_dump()["agent_session"] == []


async def test_a_person_with_a_role_signs_in_and_gets_an_account(web_workspace, web, provider):
    assert "Sign in with your organisation" in (await web.get("/desk?lang=en")).text
    query = await begin(web, provider)
    answer = await come_back(web, query, iss=provider.issuer)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/desk?lang=en">' in answer.text
    assert "Find a member" in (await web.get("/desk?lang=en")).text
    assert (account(web_workspace).roles, account(web_workspace).issuer) == ({Role.DESK}, provider.issuer)
    actions = [(row[2], row[3], row[4]) for row in web_workspace.ledger_dump()["audit"] if row[2] == "maija"]
    assert actions == [("maija", "add_agent", "maija"), ("maija", "log_in", "maija")]
    assert "viesti-provider" not in web.cookies


async def test_the_request_carries_pkce_state_and_nonce(web_workspace, web, provider):
    query = await begin(web, provider)
    assert query["response_type"] == "code"
    assert query["redirect_uri"] == "http://localhost:8000/desk/provider/callback"
    assert query["scope"] == "openid profile groups"
    assert query["code_challenge_method"] == "S256"
    await come_back(web, query)
    (form,) = provider.requests
    assert create_s256_code_challenge(form["code_verifier"]) == query["code_challenge"]
    assert len(form["code_verifier"]) >= 43
    assert len({query["state"], query["nonce"], form["code_verifier"]}) == 3
    again = await begin(web, provider)
    assert not {again["state"], again["nonce"]} & {query["state"], query["nonce"]}


async def test_the_account_follows_the_claims_at_each_sign_in(web_workspace, web, provider):
    await sign_in(web, provider)
    provider.claims, provider.used_codes = {"groups": ["officers", "unknown"], "preferred_username": "renamed"}, set()
    await sign_in(web, provider)
    assert account(web_workspace).roles == {Role.PRIVACY_OFFICER}
    assert [row[1] for row in web_workspace.ledger_dump()["agent_session"]] == ["maija"]  # the former one has ended


async def test_a_person_who_lost_every_role_is_shut_out_at_once(web_workspace, web, provider):
    await sign_in(web, provider)
    provider.claims, provider.used_codes = {"groups": []}, set()
    web.cookies.delete("viesti-desk")
    answer = await sign_in(web, provider)
    assert_refused(web_workspace, web, answer, 403)
    assert account(web_workspace).roles == frozenset()


async def test_a_person_without_a_role_reads_whom_to_ask_and_gets_no_account(web_workspace, web, provider):
    provider.claims = {"groups": ["everybody"]}
    answer = await sign_in(web, provider)
    assert_refused(web_workspace, web, answer, 403)
    assert "no rights here" in answer.text
    assert web_workspace.ledger_dump()["agent"] == []


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


async def test_roles_may_come_from_userinfo(web_workspace, web, provider):
    provider.claims, provider.user_info = {"groups": None}, {"groups": ["officers"]}
    assert (await sign_in(web, provider)).status_code == 200
    assert account(web_workspace).roles == {Role.PRIVACY_OFFICER}


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


async def test_a_token_with_a_harmless_header_is_accepted(web, provider):
    query = await begin(web, provider)
    provider.id_token = signed_with_header(provider, typ="JWT", x=1)
    assert (await come_back(web, query)).status_code == 200


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


STATES: Mapping[str, Callable[[Mapping[str, str], Mapping[str, str]], list[str]]] = {
    "the state of another browser": lambda _, theirs: [theirs["state"]],
    "no state": lambda *_: [],
    "an empty state": lambda *_: [""],
    "an invented state": lambda *_: ["a" * 26],
    "the nonce as state": lambda own, _: [own["nonce"]],
    "two states": lambda own, _: [own["state"], own["state"]],
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", STATES)
async def test_an_answer_is_refused_with(web_workspace, web, browser_of, provider, kind):
    theirs, own = await begin(browser_of(), provider), await begin(web, provider)
    query = {"code": ["the code"], "state": STATES[kind](own, theirs)}
    assert_refused(web_workspace, web, await web.get("/desk/provider/callback", params=query))
    assert provider.requests == []  # the code was not even sent


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["none", "invented", "of another attempt", "without a time"])
async def test_an_answer_is_refused_with_a_cookie(web_workspace, web, browser_of, provider, kind):
    other = browser_of()
    await begin(other, provider)
    query = await begin(web, provider)
    cookies = {
        "invented": f"{int(Clock().now().timestamp())}.invented.en",
        "of another attempt": other.cookies["viesti-provider"],
        "without a time": "x.y.en",
    }
    web.cookies.clear()
    if kind in cookies:
        web.cookies.set("viesti-provider", cookies[kind])
    assert_refused(web_workspace, web, await come_back(web, query))
    assert provider.requests == []


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("issued_at", "status"),
    [(0, 200), (-700, 400), (700, 400), ("", 400), ("٣٣٣", 400)],
    ids=["now", "too old", "of the future", "without a time", "in other digits"],
)
async def test_an_answer_is_taken_for_ten_minutes(web_workspace, web, provider, issued_at, status):
    context = web_workspace.engine.context
    if isinstance(issued_at, int):  # seconds from now
        issued_at += int(Clock().now().timestamp())
    cookie = f"{issued_at}.of a test.en"
    attempt = identity_provider(context.settings, context.signer)._attempt(cookie)
    provider.nonce = attempt.nonce
    headers = {"Cookie": f"viesti-provider={cookie}".encode()}
    query = {"code": "the code", "state": attempt.state}
    answer = await web.get("/desk/provider/callback", params=query, headers=headers)
    assert answer.status_code == status
    assert len(provider.requests) == (status == 200)


@pytest.mark.hostile
async def test_a_code_is_used_once(web_workspace, web, provider):
    query, cookie = await begin(web, provider), web.cookies["viesti-provider"]
    assert (await come_back(web, query)).status_code == 200
    before = web_workspace.ledger_dump()["agent_session"]
    assert (await come_back(web, query)).status_code == 400  # the attempt is over
    web.cookies.set("viesti-provider", cookie, domain="localhost.local")
    assert (await come_back(web, query)).status_code == 400  # and the provider refuses the code
    assert web_workspace.ledger_dump()["agent_session"] == before


@pytest.mark.hostile
async def test_a_code_of_the_attacker_signs_no_victim_in(web_workspace, web, browser_of, provider):
    attackers = await begin(web, provider)
    victim = browser_of()
    await victim.get("/desk")
    assert_refused(web_workspace, victim, await come_back(victim, attackers))


@pytest.mark.hostile
async def test_a_session_from_before_the_sign_in_ends_with_it(web_workspace, web, provider):
    await open_desk_session(web_workspace, web, Role.DESK)
    planted = web.cookies["viesti-desk"]
    web.cookies.delete("viesti-desk")
    web.cookies.set("viesti-desk", planted, domain="localhost.local")
    web.cookies.set("viesti-form", "given to an attacker", domain="localhost.local")
    await sign_in(web, provider)
    assert [row[1] for row in web_workspace.ledger_dump()["agent_session"]] == ["maija"]
    assert web.cookies["viesti-desk"] != planted
    assert "viesti-form" not in web.cookies


@pytest.mark.hostile
@pytest.mark.parametrize("issuer", ["https://evil.example", "", "http://127.0.0.1:1"])
async def test_an_answer_of_another_issuer_is_refused(web_workspace, web, provider, issuer):
    provider.metadata_changes = {"authorization_response_iss_parameter_supported": True}
    assert_refused(web_workspace, web, await come_back(web, await begin(web, provider), iss=issuer))
    assert provider.requests == []


@pytest.mark.hostile
@pytest.mark.parametrize("error", ["access_denied", "<script>alert(1)</script>", "login_required"])
async def test_an_error_of_the_provider_opens_nothing_and_is_not_shown(web_workspace, web, provider, error):
    answer = await come_back(web, await begin(web, provider), error=error)
    assert_refused(web_workspace, web, answer)
    assert error not in answer.text


@pytest.mark.hostile
@pytest.mark.parametrize("parameter", ["next", "redirect_uri", "return_to", "lang", "way"])
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
async def test_nobody_is_sent_on_to_another_site(web, provider, parameter, target):
    answer = await web.get("/desk/provider", params={parameter: target})
    assert answer.headers["location"].startswith(f"{provider.issuer}/authorization?")
    assert "evil" not in answer.headers["location"]
    provider.nonce = parse_qs(urlsplit(answer.headers["location"]).query)["nonce"][0]
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    page = await come_back(web, {"state": state}, **{parameter: target})
    assert page.status_code == 200
    assert "evil" not in page.text
    assert "alert" not in page.text


ROLE_CLAIMS: Mapping[str, Any] = {
    "one string of two values": "viesti-desk officers",
    "a string with commas": "viesti-desk,officers",
    "a string that contains a value": "not-viesti-desk",
    "other letters": ["VIESTI-DESK"],
    "a list in a list": [["viesti-desk"]],
    "an object": {"viesti-desk": True},
    "an object in a list": [{"name": "viesti-desk"}],
    "the role's own name": ["desk", "privacy_officer"],
    "true": True,
    "a number": 1,
    "nothing": None,
    "an empty list": [],
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ROLE_CLAIMS)
async def test_no_role_follows_from(web_workspace, web, provider, kind):
    provider.claims = {"groups": ROLE_CLAIMS[kind]}
    assert_refused(web_workspace, web, await sign_in(web, provider), 403)


async def test_one_value_that_is_a_string_counts_as_a_whole(web_workspace, web, provider):
    provider.claims = {"groups": "officers"}
    await sign_in(web, provider)
    assert account(web_workspace).roles == {Role.PRIVACY_OFFICER}


@pytest.mark.hostile
async def test_userinfo_about_another_person_is_refused(web_workspace, web, provider):
    provider.claims, provider.user_info = {"groups": None}, {"sub": "somebody else", "groups": ["officers"]}
    assert_refused(web_workspace, web, await sign_in(web, provider))


@pytest.mark.hostile
async def test_userinfo_does_not_overrule_the_signed_claims(web_workspace, web, provider):
    provider.claims = {"preferred_username": None}
    provider.user_info = {"preferred_username": "maija", "groups": ["officers"]}
    await sign_in(web, provider)
    assert account(web_workspace).roles == {Role.DESK}


@pytest.mark.hostile
@pytest.mark.parametrize("holder", ["a local account", "another person", "a disabled account"])
async def test_nobody_takes_an_account_over_by_its_name(web_workspace, web, provider, holder):
    context = web_workspace.engine.context
    if holder == "another person":
        with context.ledger.write() as connection:
            identity = ProviderIdentity(provider.issuer, "another subject")
            people_accounts.add(connection, "maija", [Role.EXPERT], None, web_workspace.clock.time, identity)
    else:
        staff_accounts.add(context, "maija", [Role.EXPERT], PASSWORD)
        if holder == "a disabled account":
            staff_accounts.disable(context, "maija")
    assert_refused(web_workspace, web, await sign_in(web, provider), 403)
    assert account(web_workspace).roles == {Role.EXPERT}


@pytest.mark.hostile
async def test_the_same_subject_of_another_issuer_is_another_person(web_workspace, web, provider):
    with web_workspace.engine.context.ledger.write() as connection:
        identity = ProviderIdentity("https://former.example", SUBJECT)
        people_accounts.add(connection, "liisa", [Role.EXPERT], None, web_workspace.clock.time, identity)
    await sign_in(web, provider)
    assert account(web_workspace).roles == {Role.DESK}
    assert account(web_workspace, "liisa").roles == {Role.EXPERT}


@pytest.mark.hostile
@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "<script>", "a b", "mäki", "1maija", "x" * 40, ["maija"], None]
)
async def test_a_person_whose_name_does_not_fit_gets_no_account(web_workspace, web, provider, name):
    provider.claims = {"preferred_username": name}
    assert_refused(web_workspace, web, await sign_in(web, provider), 403)
    assert web_workspace.ledger_dump()["agent"] == []


async def test_an_email_address_names_an_account_by_its_first_part(web_workspace, web, provider):
    provider.claims = {"preferred_username": "Maija.Meri@example.org"}
    await sign_in(web, provider)
    assert account(web_workspace, "maija.meri").roles == {Role.DESK}


@pytest.mark.hostile
async def test_a_disabled_person_stays_out(web_workspace, web, provider):
    await sign_in(web, provider)
    staff_accounts.disable(web_workspace.engine.context, "maija")
    provider.used_codes = set()
    web.cookies.delete("viesti-desk")
    assert_refused(web_workspace, web, await sign_in(web, provider), 403)


async def test_a_linked_account_signs_in_by_the_provider_alone(web_workspace, web, provider):
    context = web_workspace.engine.context
    staff_accounts.add(context, "maija", [Role.EXPERT], PASSWORD)
    staff_accounts.link(context, "maija", SUBJECT)
    assert local_login.log_in(context, "maija", PASSWORD) is None
    assert (await sign_in(web, provider)).status_code == 200
    assert account(web_workspace).roles == {Role.DESK}


BAD_METADATA: Mapping[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "keys over http elsewhere": {"jwks_uri": "http://id.example.org/keys"},
    "tokens over http elsewhere": {"token_endpoint": "http://id.example.org/token"},
    "a login page over http elsewhere": {"authorization_endpoint": "http://id.example.org/a"},
    "a login page that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "a login page with a user in it": {"authorization_endpoint": "https://id.example.org@evil.example/"},
    "userinfo over http elsewhere": {"userinfo_endpoint": "http://id.example.org/me"},
    "a logout page over http elsewhere": {"end_session_endpoint": "http://id.example.org/out"},
    "no token endpoint": {"token_endpoint": None},
    "addresses that are numbers": {"jwks_uri": 7},
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", BAD_METADATA)
async def test_a_provider_is_unusable_with(web_workspace, web, provider, kind):
    provider.metadata_changes = BAD_METADATA[kind]
    answer = await web.get("/desk/provider?lang=en")
    assert_refused(web_workspace, web, answer, 503)
    assert "location" not in answer.headers


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["no secret", "a wrong secret", "an answer 500", "nobody there"])
async def test_sign_in_fails_closed_with(web_workspace, web, provider, monkeypatch, kind, caplog):
    caplog.set_level(logging.WARNING)
    query = await begin(web, provider) if kind != "nobody there" else {"state": "x"}
    if kind == "no secret":
        monkeypatch.delenv("VIESTI_OIDC_CLIENT_SECRET")
    elif kind == "a wrong secret":
        monkeypatch.setenv("VIESTI_OIDC_CLIENT_SECRET", "another")
    elif kind == "an answer 500":
        provider.token_status = 500
    else:
        provider.metadata_changes = {"issuer": None}
    answer = await come_back(web, query)
    assert_refused(web_workspace, web, answer, 503 if kind in {"no secret", "an answer 500"} else 400)
    assert "the secret of a test" not in caplog.text


@pytest.mark.hostile
async def test_a_flood_of_invented_answers_leaves_threads_to_members(web_workspace, web, provider, monkeypatch):
    """One attempt of a stranger is enough for a flood, and a provider can be slow."""
    is_over, flood = Event(), MAX_ANSWERS + 10

    def exchange(*_: object) -> None:
        is_over.wait(60)
        raise ProviderError("it refuses the code")

    monkeypatch.setattr("campaigns.people.accounts.provider_client.exchange_code", exchange)
    query = await begin(web, provider)
    answers = [asyncio.create_task(come_back(web, query, code=f"{number}")) for number in range(flood)]
    try:
        while sum(answer.done() for answer in answers) < 10:  # noqa: ASYNC110 - nothing tells that they are refused
            await asyncio.sleep(0.01)
        assert (await web.get("/me")).status_code == 200
    finally:
        is_over.set()
    assert Counter([(await answer).status_code for answer in answers]) == {400: MAX_ANSWERS, 429: 10}


async def test_without_a_provider_there_is_no_button_and_no_page(web_workspace):
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        assert "/desk/provider" not in (await web.get("/desk")).text
        assert (await web.get("/desk/provider")).status_code == 404
        assert (await web.get("/desk/provider/callback")).status_code == 404


@pytest.mark.hostile
async def test_with_passwords_off_no_password_signs_in_until_an_emergency_is_declared(web_workspace, monkeypatch):
    context = web_workspace.engine.context
    staff_accounts.add(context, "helmi", [Role.DESK], PASSWORD)
    staff_accounts.add(context, "oiva", [Role.DESK], PASSWORD)
    set_staff(web_workspace, f"{{passwords: off, {oidc('https://id.example.org')}}}")
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with PageClient(web_workspace, transport=transport, base_url="http://localhost:8000") as web:
        assert 'name="password"' not in (await web.get("/desk")).text
        form = {"name": "helmi", "password": PASSWORD}
        assert (await web.post("/desk/session", data=form)).status_code == 400
        staff_accounts.allow_password(web_workspace.engine.context, "helmi", timedelta(hours=4))
        assert 'name="password"' in (await web.get("/desk")).text
        assert (await web.post("/desk/session", data=form | {"name": "oiva"})).status_code == 400
        assert (await web.post("/desk/session", data=form)).status_code == 303
        web_workspace.clock.time += timedelta(hours=4, seconds=1)
        web.cookies.clear()
        assert (await web.post("/desk/session", data=form)).status_code == 400
        assert 'name="password"' not in (await web.get("/desk")).text


async def test_signing_out_leads_to_the_providers_own_sign_out(web_workspace, web, provider):
    await sign_in(web, provider)
    home = await web.get("/desk?lang=en")
    page = await web.post("/desk/out?lang=en", data={"proof": hidden_fields(home.text)["proof"][0]})
    assert f'href="{provider.issuer}/end_session?client_id=viesti&amp;post_logout_redirect_uri=' in page.text
    assert web_workspace.ledger_dump()["agent_session"] == []


async def test_logs_hold_no_token_code_or_state(web_workspace, web, provider, caplog):
    caplog.set_level(logging.WARNING, logger="viesti")
    query = await begin(web, provider)
    provider.claims = {"aud": "another client"}
    await come_back(web, query, code="secret-code")
    assert "sign-in by the identity provider" in caplog.text
    for secret in ("secret-code", query["state"], query["nonce"], "access", provider.requests[0]["code_verifier"]):
        assert secret not in caplog.text
