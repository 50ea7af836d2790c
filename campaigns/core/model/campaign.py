"""Campaign and its parts, as frozen values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, model_validator

from campaigns.core.corrections import correct_name
from campaigns.core.model.condition import Condition
from campaigns.core.model.duration import Duration
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.localised_text import FormatError, FrozenModel, Localised, TextPattern
from campaigns.core.model.offer import Offer
from campaigns.core.model.percentage import Percentage
from campaigns.core.model.schedule import Schedule

IDENTIFIER_PATTERN = TextPattern(
    r"[a-z][a-z0-9_]{0,62}",
    "a name has small letters, digits and `_`, and begins with a letter",
    "spring_offer",
    correct_name,
)
_RATE_FORM = TextPattern(
    r"([1-9]\d{0,5}) per (second|minute|hour)", "a rate is written like `100 per second`", "100 per second"
)
_HOURS_FORM = TextPattern(
    r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", "quiet hours are written as two times", '"20:00-09:00"'
)
_PER = {"second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1)}

Identifier = Annotated[str, IDENTIFIER_PATTERN]
Rule = InstanceOf[Condition]


class ChannelTemplates(FrozenModel):
    """Template folder of each channel; a channel without one is not used."""

    email: Identifier | None = None
    sms: Identifier | None = None
    post: Identifier | None = None
    phone: Identifier | None = None

    def template(self, channel: Channel) -> str | None:
        """Return the name of the folder under `templates/<channel>`."""
        name = getattr(self, channel.value)
        return None if name is None else str(name)


class OfferSelection(FrozenModel):
    """Selection of offers: those that match every listed value, best for the member first.

    `at_most` of them stand in a message, `of_category` of these from one product category; with fewer than `at_least`
    there is no message. `explore` places go to goods that the member does not buy yet. `not_within` leaves out goods
    that the member bought in the span before.
    """

    department: tuple[str, ...] = ()
    product_category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    at_most: Annotated[int, Field(ge=1, le=12, strict=True)] = 6
    at_least: Annotated[int, Field(ge=0, le=12, strict=True)] = 0
    explore: Annotated[int, Field(ge=0, le=6, strict=True)] = 0
    of_category: Annotated[int, Field(ge=1, le=12, strict=True)] = 2
    not_within: Duration | None = None

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        for name in ("at_least", "explore"):
            if getattr(self, name) > self.at_most:
                raise FormatError(f"`{name}` is more than `at_most`", f"`{name}: {self.at_most}` or less", name)
        return self

    def selects(self, offer: Offer) -> bool:
        """Return whether an offer matches every list."""
        criteria = (
            (self.department, offer.department),
            (self.product_category, offer.product_category),
            (self.brand, offer.brand),
        )
        return all(not allowed or value in allowed for allowed, value in criteria)


class Variant(ChannelTemplates):
    """Version of a campaign. The first with a true `when` is sent; the last needs no `when`.

    Its `offers` replace those of the campaign.
    """

    name: Identifier
    when: Rule | None = None
    offers: OfferSelection | None = None


class CampaignSender(FrozenModel):
    """Sender: the organisation itself, or a partner on whose behalf it sends."""

    partner: Annotated[str, Field(min_length=1, max_length=80)] | None = None


class FrequencyCap(FrozenModel):
    """Frequency cap: at most so many messages a member, per calendar period (`per`) or in a `rolling` span."""

    messages: Annotated[int, Field(ge=1, le=1000, strict=True)]
    per: Literal["day", "week", "month"] | None = None
    rolling: Duration | None = None
    of: Purpose | None = None

    @model_validator(mode="after")
    def _check_period(self) -> Self:
        if (self.per is None) == (self.rolling is None):
            raise FormatError("a cap has either `per` or `rolling`", "`rolling: 7 days`")
        if self.rolling is not None and not self.rolling:
            raise FormatError("a rolling span of no length caps nothing", "`7 days`", "rolling")
        return self


@dataclass(frozen=True, slots=True)
class SendRate:
    """Rate limit: at most so many messages (for SMS: segments) in every span of length `per`."""

    messages: int
    per: timedelta


def _parse_rate(text: object) -> SendRate:
    if isinstance(text, SendRate):
        return text
    match = re.fullmatch(_RATE_FORM.pattern, text.strip()) if isinstance(text, str) else None
    if match is None:
        raise FormatError(_RATE_FORM.rule, f"`{_RATE_FORM.example}`")
    return SendRate(int(match[1]), _PER[match[2]])


SendRateField = Annotated[
    InstanceOf[SendRate], BeforeValidator(_parse_rate, json_schema_input_type=Annotated[str, _RATE_FORM])
]


class SendLimits(FrozenModel):
    """Frequency cap for each member, and rate limit of sending."""

    per_member: FrequencyCap | None = None
    rate: SendRateField | None = None


def _parse_hours(text: object) -> object:
    if not isinstance(text, str):
        return text
    match = re.fullmatch(_HOURS_FORM.pattern, text.strip())
    if match is None:
        raise FormatError(_HOURS_FORM.rule, f"`{_HOURS_FORM.example}`")
    start, end = (time(int(match[i]), int(match[i + 1])) for i in (1, 3))
    return {"start": start, "end": end}


class QuietPeriod(FrozenModel):
    """Quiet hours of a channel in the campaign's zone: messages are held until `end`, or cancelled."""

    start: time
    end: time
    action: Literal["hold", "cancel"] = "hold"

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if self.start == self.end:
            raise FormatError("quiet hours begin at one time of day and end at another", f"`{_HOURS_FORM.example}`")
        return self

    def includes(self, moment: time) -> bool:
        """Return whether the local time `moment` lies in the quiet hours, which may span midnight."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


QuietHours = Annotated[
    QuietPeriod, BeforeValidator(_parse_hours, json_schema_input_type=Annotated[str, _HOURS_FORM] | QuietPeriod)
]


def _check_arms(arms: dict[str, int]) -> dict[str, int]:
    if len(arms) < 2 or min(arms.values()) < 1 or sum(arms.values()) != 100:
        actual = f", and these sum to {total}" if len(arms) > 1 and (total := sum(arms.values())) != 100 else ""
        message = f"the arms are two or more shares in percent that sum to 100{actual}"
        raise FormatError(message, "`{short: 50, long: 50}`")
    return arms


class Experiment(FrozenModel):
    """Experiment: arms by name with their shares in percent. A report counts the members who match `goal`."""

    arms: Annotated[dict[Identifier, Annotated[int, Field(strict=True)]], AfterValidator(_check_arms)]
    goal: Rule | None = None


class CampaignBase(FrozenModel):
    """Keys that a campaign file shares with the campaign read from it."""

    title: Localised
    purpose: Purpose
    schedule: Schedule
    newsletter: Identifier | None = None
    audience: Rule | None = None
    sender: CampaignSender = CampaignSender()
    offers: OfferSelection | None = None
    one_per: Literal["household"] | None = None
    limits: SendLimits = SendLimits()
    quiet_hours: Mapping[Channel, QuietHours] = Field(default_factory=dict)
    holdout: Percentage = Decimal(0)
    experiment: Experiment | None = None
    max_sends: Annotated[int, Field(ge=1, strict=True)] | None = None
    approval: Literal["required"] | None = None

    @property
    def from_partner(self) -> bool:
        """True when the message is sent on a partner's behalf."""
        return self.sender.partner is not None


class Campaign(CampaignBase):
    """Campaign of one file. `name` is the file's name without its extension.

    The file's short form `content` has become a single variant. `channels` are in order of preference.
    """

    name: Identifier
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
