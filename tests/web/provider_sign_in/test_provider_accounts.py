"""Accounts and roles by the claims of an identity provider: whole values count, and nobody takes an account over."""

from collections.abc import Mapping
from typing import Any

import pytest

from campaigns.core.model.roles import Role
from campaigns.people.accounts import local_login, staff_accounts
from campaigns.store.people import accounts as people_accounts
from campaigns.store.people.accounts import ProviderIdentity
from tests.support.oidc_double import SUBJECT
from tests.support.provider_sign_in import account, assert_refused, sign_in

pytestmark = pytest.mark.loopback
PASSWORD = "neljä sanaa on hyvä"


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


async def test_roles_may_come_from_userinfo(web_workspace, web, provider):
    provider.claims, provider.user_info = {"groups": None}, {"groups": ["officers"]}
    assert (await sign_in(web, provider)).status_code == 200
    assert account(web_workspace).roles == {Role.PRIVACY_OFFICER}


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
