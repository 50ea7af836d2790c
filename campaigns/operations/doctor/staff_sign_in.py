"""Checks of the staff's sign-in: discovery, redirect URI and secret of the identity provider, second factors."""

from collections.abc import Iterator, Mapping

from campaigns.core.model.staff_settings import OidcSettings, StaffSettings, is_loopback, is_safe_url
from campaigns.operations.doctor.finding import Finding, fail, ok, warn
from campaigns.people.accounts import identity_provider, provider_client, staff_accounts
from campaigns.people.accounts.identity_provider import SECRET_VARIABLE, IdentityProvider
from campaigns.people.accounts.provider_client import ProviderError
from campaigns.store.people.accounts import Account
from campaigns.workspace.context import Context

_CHECK = "staff sign-in"


def check_staff_sign_in(context: Context, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check how staff sign in; nobody is signed in, and nothing is changed."""
    staff, provider = context.settings.staff, identity_provider.identity_provider(context.settings, context.signer)
    accounts = [account for account in staff_accounts.list_accounts(context) if account.disabled_at is None]
    yield _check_local_accounts(staff, accounts)
    if provider is not None and staff.oidc is not None:
        yield _check_secret(environment)
        yield _check_redirect_uri(provider)
        yield _check_provider(provider, staff.oidc)


def _check_local_accounts(staff: StaffSettings, accounts: list[Account]) -> Finding:
    local = [account for account in accounts if account.issuer is None]
    if staff.passwords == "off":
        if not local:
            step = "`viesti agent add`, then `viesti agent emergency` on that day"
            return warn(_CHECK, "no local account could sign in on a day when the identity provider is down", step)
        return ok(_CHECK, "passwords are off; `viesti agent emergency` lets a local account in")
    if not local:
        return ok(_CHECK, "there is no local account; `viesti agent add` creates one")
    without = sorted(account.name for account in local if not account.has_totp)
    if not without:
        return ok(_CHECK, "every local account has a second factor")
    names, step = ", ".join(without), "`viesti agent totp NAME`"
    if staff.totp == "required":
        return warn(_CHECK, f"cannot sign in, since they have no second factor: {names}", step)
    return warn(_CHECK, f"a password alone signs in: {names}", f"{step}, then `staff: {{totp: required}}`")


def _check_secret(environment: Mapping[str, str]) -> Finding:
    if environment.get(SECRET_VARIABLE):
        return ok(_CHECK, f"{SECRET_VARIABLE} is set")
    return fail(_CHECK, f"{SECRET_VARIABLE} is not in the environment", "set it for every process of the server")


def _check_redirect_uri(provider: IdentityProvider) -> Finding:
    if is_safe_url(provider.redirect_uri):
        return ok(_CHECK, f"people come back to {provider.redirect_uri}")
    return fail(_CHECK, f"people would come back to {provider.redirect_uri}, without TLS", "an https `public_url`")


def _check_provider(provider: IdentityProvider, settings: OidcSettings) -> Finding:
    """Fetch the discovery document and the keys, and ask whether the provider knows us and our redirect URI."""
    try:
        metadata = provider.metadata()
        provider_client.fetch_keys(metadata)
        answer = provider_client.answer_without_login(provider.probe_url())
    except ProviderError as error:
        return fail(_CHECK, f"{settings.issuer}: {error}", "nobody can sign in by it: is `staff.oidc.issuer` right?")
    if answer is None or not answer.startswith(provider.redirect_uri):
        step = f"register the client `{settings.client_id}` there with the redirect URI {provider.redirect_uri}"
        return warn(_CHECK, f"{settings.issuer} does not send people back to the desk", step)
    where = "this machine" if is_loopback(settings.issuer.partition("://")[2].partition(":")[0]) else "https"
    return ok(_CHECK, f"{settings.issuer} answers over {where}, and knows us and our redirect URI")
