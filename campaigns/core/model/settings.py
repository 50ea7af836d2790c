"""A workspace's settings, `config/settings.yaml`. Secrets are not here: they come from the environment."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, EmailStr, Field, HttpUrl, model_validator

from campaigns.core.model.campaign import Cap, Name, SpeakingRate
from campaigns.core.model.duration import Span
from campaigns.core.model.enums import Language
from campaigns.core.model.internal_addresses import InternalAddress, Seed, is_internal
from campaigns.core.model.localised_text import FormError, Frozen, Localised, Text, Written
from campaigns.core.model.percentage import Share
from campaigns.core.model.provider_settings import SendGridSettings, SmtpSettings, TwilioSettings
from campaigns.core.model.schedule import Moment, TimeZone, instant_of_wall
from campaigns.core.model.warm_up import WarmUp

_POSTAL_CODE_FORM = Written(r"\d{5}", "a postal code is five digits", '"00100"')
_DOMAIN_FORM = Written(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", "a domain is in lower case and ASCII", "gmail.com")
_CURRENCY_FORM = Written(r"[A-Z]{3}", "a currency is three capital letters", "EUR")
_SENDER_FORM = Written(
    r"(?=.{3,11}$)[0-9A-Za-z]+(?: [0-9A-Za-z]+)*",
    "an SMS sender is 3 to 11 letters and digits, with single spaces between them",
    "Lahde",
)


_LARGEST_HOLDOUT = Decimal("0.15")


def _small(share: Decimal) -> Decimal:
    if share > _LARGEST_HOLDOUT:
        raise FormError("at most 15 percent of the members hear nothing at all", "`5 percent`")
    return share


class PrivacyNotice(Frozen):
    """Where one reads how the organisation uses people's data (GD-09); `version` says which text that is."""

    fi: HttpUrl
    sv: HttpUrl
    en: HttpUrl
    version: Text | None = None

    def address(self, language: Language) -> str:
        """The address of the notice in a language."""
        return str(getattr(self, language.value))


class Organisation(Frozen):
    """Who writes, as the law wants it said in each message (FI-04), and where it says what it does with data."""

    name: Localised
    legal_name: Text
    business_id: Text
    street: Text
    postal_code: Annotated[str, _POSTAL_CODE_FORM]
    city: Localised
    telephone: Text
    privacy_notice: PrivacyNotice | None = None

    def values(self, language: Language) -> dict[str, str | None]:
        """What messages and pages say of it, by the names of `docs/templates.md`."""
        notice = self.privacy_notice
        return {
            "name": self.name.text(language),
            "legal_name": self.legal_name,
            "business_id": self.business_id,
            "street": self.street,
            "postal_code": self.postal_code,
            "city": self.city.text(language),
            "telephone": self.telephone,
            "privacy_notice": None if notice is None else notice.address(language),
            "privacy_notice_version": None if notice is None else notice.version,
        }


class EmailSettings(Frozen):
    """The sender of e-mail and its provider; `rate` is what the account with it takes, of all runs together.

    `maildir` is where mail to `unsubscribe` and bounces are delivered to (maildir format), from the workspace's folder.
    """

    provider: str = "folder"
    address: EmailStr
    unsubscribe: EmailStr
    maildir: Text | None = None
    rate: SpeakingRate | None = None
    domains: Mapping[Annotated[str, _DOMAIN_FORM], SpeakingRate] = Field(default_factory=dict)
    warm_up: WarmUp | None = None
    sendgrid: SendGridSettings = SendGridSettings()
    smtp: SmtpSettings = SmtpSettings()

    @model_validator(mode="after")
    def _signs_for_the_sender(self) -> Self:
        if self.smtp.dkim is not None and not self.smtp.dkim.aligned_with(self.address):
            message = "a signature counts only when its domain is that of the sender's address"
            raise FormError(message, f"`{self.address.rpartition('@')[2]}`", "smtp")
        return self


class Authorised(Frozen):
    """That Traficom has authorised the sender id for us; `ref` is how one finds the decision again."""

    ref: Text


class SmsSettings(Frozen):
    """The sender of SMS and its provider; a message of more segments is refused.

    Whatever id Finnish numbers see has to be authorised before anything is sent under it (FI-24, Traficom 28 L/2025).

    `rate` is what the account with it takes, of all runs together: segments, not messages (TW-12). `price_per_segment`
    is in the workspace's currency, and only estimates are made of it (TW-03).
    """

    provider: str = "folder"
    sender: Annotated[str, _SENDER_FORM]
    authorised: Authorised | None = None
    max_segments: Annotated[int, Field(ge=1, le=10, strict=True)] = 3
    price_per_segment: Annotated[Decimal, Field(gt=0, le=10, decimal_places=6)] | None = None
    rate: SpeakingRate | None = None
    twilio: TwilioSettings = TwilioSettings()

    @model_validator(mode="after")
    def _is_authorised(self) -> Self:
        if self.provider == "twilio" and self.twilio.shows_finnish_id and self.authorised is None:
            seen = self.twilio.number or self.sender
            message = f"`{seen}` may go to Finnish numbers only as a sender id that Traficom has authorised"
            raise FormError(message, "`authorised: {ref: …}` with the reference of the decision", "provider")
        return self


class PostSettings(Frozen):
    """The provider of print."""

    provider: str = "folder"


class PhoneSettings(Frozen):
    """The provider of call lists."""

    provider: str = "folder"


class ChannelSettings(Frozen):
    """The settings of each channel."""

    email: EmailSettings
    sms: SmsSettings
    post: PostSettings = PostSettings()
    phone: PhoneSettings = PhoneSettings()


class ClockSettings(Frozen):
    """`start` moves the whole workspace to another day, for demonstrations and rehearsals."""

    start: Moment | None = None


class WarehouseSettings(Frozen):
    """Which engine evaluates the rules of audiences and variants; `master` is the address of Spark."""

    engine: Literal["duckdb", "spark"] = "duckdb"
    master: Text = "local[*]"


class DispatchSettings(Frozen):
    """How many deliveries a process may have under way, and for how long a claim holds, in seconds.

    Scheduled runs begin within `jitter` after they are due, each at a moment of its own.
    """

    jitter: Span = timedelta()
    in_flight: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 256
    lease: Annotated[int, Field(ge=5, le=3600, strict=True)] = 120


def _whole_days(span: timedelta) -> timedelta:
    if span < timedelta(days=1) or span % timedelta(days=1):
        raise FormError("what members did is counted over whole days", "`14 days`")
    return span


class EffectSettings(Frozen):
    """Over which days a report counts what members did after a run, and how many each compared group must have."""

    window: Annotated[Span, AfterValidator(_whole_days)] = timedelta(days=14)
    minimum: Annotated[int, Field(ge=10, le=1_000_000, strict=True)] = 100


class BreakerSettings(Frozen):
    """From which share of complaints or hard bounces on a campaign is halted, once `after` messages of it have gone.

    Mailbox providers shut out a sender of whose messages 0.3 percent are complained of (DL-03).
    """

    complaints: Share = Decimal("0.003")
    hard_bounces: Share = Decimal("0.05")
    after: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 1000


class Settings(Frozen):
    """Everything that `config/settings.yaml` says.

    `holdout` is the share of all members who hear nothing but service messages, to learn from; `minimum_age` is how
    old one must be for newsletters, marketing and surveys (FI-10). Proofs and
    `seeds` go to `internal_addresses` only.
    """

    organisation: Organisation
    time_zone: TimeZone = "Europe/Helsinki"
    default_language: Language = Language.FI
    currency: Annotated[str, _CURRENCY_FORM] = "EUR"
    public_url: HttpUrl
    database_url: str | None = None
    newsletters: Mapping[Name, Localised]
    channels: ChannelSettings
    clock: ClockSettings = ClockSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    dispatch: DispatchSettings = DispatchSettings()
    breaker: BreakerSettings = BreakerSettings()
    effect: EffectSettings = EffectSettings()
    holdout: Annotated[Share, AfterValidator(_small)] = Decimal(0)
    minimum_age: Annotated[int, Field(ge=0, le=120, strict=True)] = 18
    per_member: tuple[Cap, ...] = ()
    internal_addresses: tuple[InternalAddress, ...] = ()
    seeds: tuple[Seed, ...] = ()
    synthetic: bool = False

    @model_validator(mode="after")
    def _seeds_are_our_own(self) -> Self:
        for seed in self.seeds:
            if not is_internal(seed.address, self.internal_addresses):
                raise FormError("a seed is one of our own addresses", "list it in `internal_addresses`", "seeds")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The zone of every timestamp that is written without one."""
        return ZoneInfo(self.time_zone)

    @property
    def clock_start(self) -> datetime | None:
        """The instant at which the workspace's clock starts; None: the real time."""
        return None if self.clock.start is None else instant_of_wall(self.clock.start, self.zone)
