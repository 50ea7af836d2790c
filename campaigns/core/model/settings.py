"""Settings of a workspace, `config/settings.yaml`. Secrets are not here: they come from the environment."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, HttpUrl, model_validator
from pydantic.json_schema import SkipJsonSchema

from campaigns.core.model.brand import Brand
from campaigns.core.model.campaign import FrequencyCap, Identifier, SendRateField
from campaigns.core.model.duration import Duration
from campaigns.core.model.enums import Language
from campaigns.core.model.file_retention import RetentionSettings
from campaigns.core.model.internal_addresses import InternalAddress, SeedAddress, is_internal_address
from campaigns.core.model.localised_text import FormatError, FrozenModel, Localised, NonEmptyText, TextPattern
from campaigns.core.model.percentage import Percentage
from campaigns.core.model.phone_countries import CountryCode
from campaigns.core.model.placeholder import PLACEHOLDER
from campaigns.core.model.postal_code_forms import PRINTED_FORM
from campaigns.core.model.provider_settings import SendGridSettings, SmtpSettings, TwilioSettings
from campaigns.core.model.schedule import TimeZone, WallTime, parse_wall_time
from campaigns.core.model.staff_settings import StaffSettings
from campaigns.core.model.warm_up import WarmUp

_POSTAL_CODE_FORM = TextPattern(rf"(?:{PRINTED_FORM}|{PLACEHOLDER})", "a postal code is four or five digits", '"00100"')
_DOMAIN_FORM = TextPattern(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", "a domain is in lower case and ASCII", "gmail.com")
_SITE_FORM = TextPattern(
    r"([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}", "a site is the name of its host, in lower case", "shop.example.org"
)
_CURRENCY_FORM = TextPattern(r"[A-Z]{3}", "a currency is three capital letters", "EUR")
_SENDER_FORM = TextPattern(
    r"(?=.{3,11}$)[0-9A-Za-z]+(?: [0-9A-Za-z]+)*",
    "an SMS sender is 3 to 11 letters and digits, with single spaces between them",
    "Lahde",
)


_LARGEST_HOLDOUT = Decimal("0.15")


def _check_holdout(share: Decimal) -> Decimal:
    if share > _LARGEST_HOLDOUT:
        raise FormatError("at most 15 percent of the members hear nothing at all", "`5 percent`")
    return share


def _check_base(url: HttpUrl) -> HttpUrl:
    if url.query is not None or url.fragment is not None or url.username is not None:
        plain = re.sub(r"(?<=//)[^/]*@", "", re.split("[?#]", str(url))[0].rstrip("/"))
        raise FormatError("paths are appended to this address: it has no `?`, `#` or user name", f"`{plain}`")
    return url


class PrivacyNotice(FrozenModel):
    """Addresses of the privacy notice (GD-09) by language; `version` identifies its text."""

    fi: HttpUrl
    sv: HttpUrl
    en: HttpUrl
    version: NonEmptyText | None = None

    def url_for(self, language: Language) -> str:
        """Return the address of the notice in a language."""
        return str(getattr(self, language.value))


class Organisation(FrozenModel):
    """Organisation that sends: the details that the law requires in each message (FI-04), and its privacy notice."""

    name: Localised
    legal_name: NonEmptyText
    business_id: NonEmptyText
    street: NonEmptyText
    postal_code: Annotated[str, _POSTAL_CODE_FORM]
    city: Localised
    telephone: NonEmptyText
    privacy_notice: PrivacyNotice | None = None

    def template_values(self, language: Language) -> dict[str, str | None]:
        """Return the template values of the organisation, by the names in `docs/templates.md`."""
        notice = self.privacy_notice
        return {
            "name": self.name.text(language),
            "legal_name": self.legal_name,
            "business_id": self.business_id,
            "street": self.street,
            "postal_code": self.postal_code,
            "city": self.city.text(language),
            "telephone": self.telephone,
            "privacy_notice": None if notice is None else notice.url_for(language),
            "privacy_notice_version": None if notice is None else notice.version,
        }


class EmailSettings(FrozenModel):
    """Sender of e-mail and its provider; `rate` is the account's limit for all runs together.

    `maildir` is the folder that receives mail to `unsubscribe` and bounces (maildir format), relative to the workspace.
    """

    provider: str = "folder"
    address: EmailStr
    unsubscribe: EmailStr
    maildir: NonEmptyText | None = None
    rate: SendRateField | None = None
    domains: Mapping[Annotated[str, _DOMAIN_FORM], SendRateField] = Field(default_factory=dict)
    warm_up: WarmUp | None = None
    sendgrid: SendGridSettings = SendGridSettings()
    smtp: SmtpSettings = SmtpSettings()

    @model_validator(mode="after")
    def _check_dkim_domain(self) -> Self:
        if self.smtp.dkim is not None and not self.smtp.dkim.aligned_with(self.address):
            message = "a signature counts only when its domain is that of the sender's address"
            raise FormatError(message, f"`{self.address.rpartition('@')[2]}`", "smtp")
        return self


class SenderAuthorisation(FrozenModel):
    """Authorisation of the sender id by Traficom; `ref` is the reference of the decision."""

    ref: NonEmptyText


class SmsSettings(FrozenModel):
    """Sender of SMS and its provider; a message with more than `max_segments` is refused.

    Every sender id shown to Finnish numbers must be authorised before it is used (FI-24, Traficom 28 L/2025).

    `rate` is the account's limit for all runs together, in segments, not messages (TW-12). `price_per_segment` is in
    the workspace's currency and used only for estimates (TW-03). Text messages and calls go to numbers of `countries`
    only, by default the workspace's: elsewhere numbers cost what their owners like.
    """

    provider: str = "folder"
    sender: Annotated[str, _SENDER_FORM]
    authorised: SenderAuthorisation | None = None
    max_segments: Annotated[int, Field(ge=1, le=10, strict=True)] = 3
    price_per_segment: Annotated[Decimal, Field(gt=0, le=10, decimal_places=6)] | None = None
    rate: SendRateField | None = None
    countries: Annotated[tuple[CountryCode, ...], Field(min_length=1)] | None = None
    twilio: TwilioSettings = TwilioSettings()

    @model_validator(mode="after")
    def _check_authorisation(self) -> Self:
        if self.provider == "twilio" and self.twilio.shows_finnish_sender_id and self.authorised is None:
            sender_id = self.twilio.number or self.sender
            message = f"`{sender_id}` may go to Finnish numbers only as a sender id that Traficom has authorised"
            raise FormatError(message, "`authorised: {ref: …}` with the reference of the decision", "provider")
        return self


class PostSettings(FrozenModel):
    """Settings of the provider of printed mail."""

    provider: str = "folder"


class PhoneSettings(FrozenModel):
    """Settings of the provider of call lists."""

    provider: str = "folder"


class ChannelSettings(FrozenModel):
    """Settings of each channel."""

    email: EmailSettings
    sms: SmsSettings
    post: PostSettings = PostSettings()
    phone: PhoneSettings = PhoneSettings()


class ClockSettings(FrozenModel):
    """Settings of the clock; `start` moves the workspace to another time, for demonstrations and rehearsals."""

    start: WallTime | None = None


class WarehouseSettings(FrozenModel):
    """Engine that evaluates the rules of audiences and variants; `master` is the address of Spark."""

    engine: Literal["duckdb", "spark"] = "duckdb"
    master: NonEmptyText = "local[*]"


class DispatchSettings(FrozenModel):
    """Settings of dispatch: deliveries `in_flight` in one process, and the `lease` of a claim in seconds.

    A scheduled run starts at its own time within `jitter` after it is due.
    """

    jitter: Duration = timedelta()
    in_flight: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 256
    lease: Annotated[int, Field(ge=5, le=3600, strict=True)] = 120


def _whole_days(span: timedelta) -> timedelta:
    if span < timedelta(days=1) or span % timedelta(days=1):
        raise FormatError("what members did is counted over whole days", "`14 days`")
    return span


class EffectSettings(FrozenModel):
    """Days after a run in which a report counts members who reach the goal, and the minimum size of compared groups."""

    window: Annotated[Duration, AfterValidator(_whole_days)] = timedelta(days=14)
    minimum: Annotated[int, Field(ge=10, le=1_000_000, strict=True)] = 100


class CouponSettings(FrozenModel):
    """First two digits of EAN-13 codes, of those that GS1 leaves to shops: ones that no scale or other system uses."""

    prefix: Annotated[int, Field(ge=20, le=29, strict=True)] = 29


class CircuitBreakerSettings(FrozenModel):
    """Circuit breaker: shares of complaints and hard bounces that halt a campaign after its first `after` messages.

    Mailbox providers block a sender when 0.3 percent of its messages are reported as spam (DL-03).
    """

    complaints: Percentage = Decimal("0.003")
    hard_bounces: Percentage = Decimal("0.05")
    after: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 1000


def _parse_network(text: object) -> IPv4Network | IPv6Network:
    if not isinstance(text, str):
        raise FormatError(_NETWORK_RULE, "`10.0.0.7`")
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise FormatError(_NETWORK_RULE, "`10.0.0.7`") from error
    if network.num_addresses > 1 and network.prefixlen < _WIDEST_PROXIES[network.version]:
        raise FormatError("so many addresses are not all proxies of ours", "list the proxies themselves")
    return network


_NETWORK_RULE = "a proxy is an IP address, or a network of them, such as `10.0.0.0/24`"
_WIDEST_PROXIES = {4: 8, 6: 32}
ProxyNetwork = Annotated[
    IPv4Network | IPv6Network, BeforeValidator(_parse_network, json_schema_input_type=NonEmptyText)
]


class Settings(FrozenModel):
    """Content of `config/settings.yaml`, with the brand and the organisation of `config/brand.yaml`.

    `holdout` is the share of all members who get only service messages, so that effects can be measured.
    `minimum_age` is the age for newsletters, marketing and surveys (FI-10). Offers lead to `offer_sites` and their
    subdomains only. Proofs and `seeds` go to
    `internal_addresses` only. `trusted_proxies` are the only peers whose X-Forwarded-For is read.
    """

    organisation: Organisation
    brand: SkipJsonSchema[Brand] = Brand()
    time_zone: TimeZone = "Europe/Helsinki"
    default_language: Language = Language.FI
    country: CountryCode = "FI"
    currency: Annotated[str, _CURRENCY_FORM] = "EUR"
    public_url: Annotated[HttpUrl, AfterValidator(_check_base)]
    database_url: str | None = None
    newsletters: Mapping[Identifier, Localised]
    channels: ChannelSettings
    clock: ClockSettings = ClockSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    dispatch: DispatchSettings = DispatchSettings()
    breaker: CircuitBreakerSettings = CircuitBreakerSettings()
    effect: EffectSettings = EffectSettings()
    coupons: CouponSettings = CouponSettings()
    offer_sites: tuple[Annotated[str, _SITE_FORM], ...] = ()
    retention: RetentionSettings = RetentionSettings()
    holdout: Annotated[Percentage, AfterValidator(_check_holdout)] = Decimal(0)
    minimum_age: Annotated[int, Field(ge=0, le=120, strict=True)] = 18
    per_member: tuple[FrequencyCap, ...] = ()
    internal_addresses: tuple[InternalAddress, ...] = ()
    seeds: tuple[SeedAddress, ...] = ()
    staff: StaffSettings = StaffSettings()
    trusted_proxies: tuple[ProxyNetwork, ...] = ()
    synthetic: bool = False

    @model_validator(mode="after")
    def _check_seeds(self) -> Self:
        for seed in self.seeds:
            if not is_internal_address(seed.address, self.internal_addresses):
                raise FormatError("a seed is one of our own addresses", "list it in `internal_addresses`", "seeds")
        return self

    @model_validator(mode="after")
    def _check_clock(self) -> Self:
        if self.clock.start is not None and parse_wall_time(self.clock.start, self.zone) is None:
            hint = "an hour later: the clocks go forward over it"
            raise FormatError(f"{self.clock.start} does not exist in {self.time_zone}", hint, "clock")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of every timestamp written without one."""
        return ZoneInfo(self.time_zone)

    @property
    def sms_countries(self) -> tuple[str, ...]:
        """Countries whose numbers get text messages and calls."""
        return self.channels.sms.countries or (self.country,)

    @property
    def clock_start(self) -> datetime | None:
        """Instant at which the workspace's clock starts; None: real time."""
        return None if self.clock.start is None else parse_wall_time(self.clock.start, self.zone)
