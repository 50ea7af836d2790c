"""Settings of the staff's sign-in: local passwords, second factors, and the organisation's identity provider."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from campaigns.core.model.localised_text import FormatError, FrozenModel, NonEmptyText
from campaigns.core.model.roles import Role

_MAX_ISSUER: Final = 500


def is_safe_url(url: str) -> bool:
    """Return whether a URL is https, or stays on this machine; without a user, a query or a fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises for an invalid one
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment or any(character.isspace() for character in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_issuer(issuer: str) -> str:
    if len(issuer) > _MAX_ISSUER or not is_safe_url(issuer) or urlsplit(issuer).query:
        message = "an issuer is an https address as the provider writes it; http only on this machine"
        raise FormatError(message, "`https://id.example.org/realms/staff`")
    return issuer


class OidcSettings(FrozenModel):
    """Identity provider of the organisation by OpenID Connect; the secret is `VIESTI_OIDC_CLIENT_SECRET`.

    `roles` maps values of the claim `roles_claim` to roles. `name_claim` names a new account. `contact` is whom a
    person without roles asks, as the page shows it. `scopes` are requested besides `openid`.
    """

    issuer: Annotated[str, AfterValidator(_check_issuer)]
    client_id: NonEmptyText
    name_claim: NonEmptyText = "preferred_username"
    roles_claim: NonEmptyText
    roles: Annotated[Mapping[NonEmptyText, tuple[Role, ...]], Field(min_length=1)]
    contact: NonEmptyText
    scopes: tuple[NonEmptyText, ...] = ("profile",)

    @property
    def scope(self) -> str:
        """Return the scope of an authorisation request."""
        return " ".join(dict.fromkeys(("openid", *self.scopes)))


class StaffSettings(FrozenModel):
    """Settings of the staff's sign-in. With `passwords: off` only the identity provider signs staff in."""

    passwords: Literal["on", "off"] = "on"
    totp: Literal["optional", "required"] = "optional"
    oidc: OidcSettings | None = None

    @model_validator(mode="after")
    def _check_passwords(self) -> Self:
        if self.passwords == "off" and self.oidc is None:
            message = "nobody could sign in: passwords are off, and there is no identity provider"
            raise FormatError(message, "set `oidc` beside it", "passwords")
        return self
