"""Settings of the providers of e-mail and SMS. Secrets come from the environment."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import EmailStr, Field, HttpUrl, model_validator

from campaigns.core.model.localised_text import FormatError, FrozenModel, NonEmptyText, TextPattern

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST_FORM = TextPattern(
    r"[A-Za-z0-9_.:-]{1,253}", "a host is a name or an address, without a port", "smtp.example.org"
)
_SELECTOR_FORM = TextPattern(r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", "a selector is a name in DNS", "mail2026")
_DOMAIN_FORM = TextPattern(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", "a domain is in lower case and ASCII", "example.org")
_SERVICE_FORM = TextPattern(
    r"MG[0-9a-fA-F]{32}", "a messaging service is MG and 32 hexadecimal digits", "MG" + "0" * 32
)
_NUMBER_FORM = TextPattern(r"\+[1-9]\d{6,14}", "a number is written internationally", "+358401234567")

_Port = Annotated[int, Field(ge=1, le=65_535, strict=True)]
_Connections = Annotated[int, Field(ge=1, le=1000, strict=True)]


class SendGridSettings(FrozenModel):
    """Settings of SendGrid's Web API. The default is in the European Union (GD-21); the key is `SENDGRID_API_KEY`."""

    base_url: HttpUrl = HttpUrl("https://api.eu.sendgrid.com")

    @property
    def in_eu(self) -> bool:
        """True when the API address is in the European Union."""
        return (self.base_url.host or "").startswith("api.eu.")


class TwilioSettings(FrozenModel):
    """Settings of Twilio's Web API; the account is `TWILIO_ACCOUNT_SID` and `TWILIO_AUTH_TOKEN`.

    Without a number or a messaging service, the sender is the workspace's name and cannot receive replies (TW-05).
    """

    base_url: HttpUrl = HttpUrl("https://api.twilio.com")
    number: Annotated[str, _NUMBER_FORM] | None = None
    messaging_service: Annotated[str, _SERVICE_FORM] | None = None

    @property
    def in_eu(self) -> bool:
        """True when the API address is of the region in Ireland."""
        return ".ie1." in (self.base_url.host or "")

    @property
    def accepts_replies(self) -> bool:
        """True when a member can reply STOP."""
        return self.number is not None or self.messaging_service is not None

    @property
    def shows_finnish_sender_id(self) -> bool:
        """True when messages come from a name or a Finnish number; a messaging service sets its sender at Twilio."""
        return self.messaging_service is None and (self.number is None or self.number.startswith("+358"))


class SmtpSecurity(StrEnum):
    """Encryption of a connection to a mail server."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class DkimSettings(FrozenModel):
    """DKIM signing domain, and the selectors of its keys `DKIM_RSA_KEY` and `DKIM_ED25519_KEY` (SM-03)."""

    domain: Annotated[str, _DOMAIN_FORM]
    rsa: Annotated[str, _SELECTOR_FORM] | None = None
    ed25519: Annotated[str, _SELECTOR_FORM] | None = None

    @model_validator(mode="after")
    def _check_selectors(self) -> Self:
        if self.rsa is None and self.ed25519 is None:
            raise FormatError("a signature needs the selector of a key", "`rsa: mail2026`", "rsa")
        return self

    def aligned_with(self, address: str) -> bool:
        """Return whether the domain is the address's domain or a parent of it (E-25)."""
        domain = address.rpartition("@")[2].lower()
        return domain == self.domain or domain.endswith(f".{self.domain}")


class SmtpSettings(FrozenModel):
    """Settings of a mail server; its account, if it needs one, is `SMTP_USERNAME` and `SMTP_PASSWORD`.

    Bounces return to `bounces`, each to an address of its own (E-10). `authorities` is a file of certificates to
    trust besides those of the system. `connections` is the limit of one process: two processes stay below the 50 that
    Postfix accepts from one client by default.
    """

    host: Annotated[str, _HOST_FORM] = "localhost"
    port: _Port = 587
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    authorities: NonEmptyText | None = None
    connections: _Connections = 20
    messages_per_connection: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 100
    bounces: EmailStr | None = None
    dkim: DkimSettings | None = None

    @model_validator(mode="after")
    def _check_encryption(self) -> Self:
        """Refuse an unencrypted connection to another machine: it would expose passwords and addresses (SM-01)."""
        if self.security is SmtpSecurity.NONE and self.host not in _LOOPBACK:
            raise FormatError("only a server on this machine may be used without encryption", "`starttls`", "security")
        return self
