"""A campaign and its parts, as frozen values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, model_validator

from campaigns.core.model.condition import Condition
from campaigns.core.model.duration import Span
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.localised_text import FormError, Frozen, Localised, Written
from campaigns.core.model.percentage import Share
from campaigns.core.model.schedule import Schedule

NAME_FORM = Written(
    r"[a-z][a-z0-9_]{0,62}", "a name has small letters, digits and `_`, and begins with a letter", "spring_offer"
)
_RATE_FORM = Written(
    r"([1-9]\d{0,5}) per (second|minute|hour)", "a rate is written like `100 per second`", "100 per second"
)
_HOURS_FORM = Written(
    r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", "quiet hours are written as two times", '"20:00-09:00"'
)
_PER = {"second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1)}

Name = Annotated[str, NAME_FORM]
Rule = InstanceOf[Condition]


class Content(Frozen):
    """The template folder of each channel; a channel without one is not used."""

    email: Name | None = None
    sms: Name | None = None
    post: Name | None = None
    phone: Name | None = None

    def template(self, channel: Channel) -> str | None:
        """The name of the folder under `templates/<channel>`."""
        name = getattr(self, channel.value)
        return None if name is None else str(name)


class OfferChoice(Frozen):
    """Which offers a message shows: those that fit every given value, best for the member first."""

    department: tuple[str, ...] = ()
    product_category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    at_most: Annotated[int, Field(ge=1, le=12, strict=True)] = 6


class Variant(Content):
    """One version of a campaign; the first whose `when` is true wins, the last needs none.

    Its `offers`, where it has any, go before the campaign's.
    """

    name: Name
    when: Rule | None = None
    offers: OfferChoice | None = None


class Sender(Frozen):
    """On whose behalf: ourselves, or a partner whose message we send."""

    partner: Annotated[str, Field(min_length=1, max_length=80)] | None = None


class Cap(Frozen):
    """At most so many messages a member, by the calendar (`per`) or in a rolling span."""

    messages: Annotated[int, Field(ge=1, le=1000, strict=True)]
    per: Literal["day", "week", "month"] | None = None
    rolling: Span | None = None
    of: Purpose | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.per is None) == (self.rolling is None):
            raise FormError("a cap has either `per` or `rolling`", "`rolling: 7 days`")
        if self.rolling is not None and not self.rolling:
            raise FormError("a rolling span of no length caps nothing", "`7 days`", "rolling")
        return self


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many messages in every span of that length, wherever it begins; of text messages it is segments."""

    messages: int
    per: timedelta


def _rate(text: object) -> Rate:
    if isinstance(text, Rate):
        return text
    found = re.fullmatch(_RATE_FORM.pattern, text.strip()) if isinstance(text, str) else None
    if found is None:
        raise FormError(_RATE_FORM.rule, f"`{_RATE_FORM.example}`")
    return Rate(int(found[1]), _PER[found[2]])


SpeakingRate = Annotated[InstanceOf[Rate], BeforeValidator(_rate, json_schema_input_type=Annotated[str, _RATE_FORM])]


class Limits(Frozen):
    """Caps on what a member hears and on how fast we speak."""

    per_member: Cap | None = None
    rate: SpeakingRate | None = None


def _hours(text: object) -> object:
    if not isinstance(text, str):
        return text
    found = re.fullmatch(_HOURS_FORM.pattern, text.strip())
    if found is None:
        raise FormError(_HOURS_FORM.rule, f"`{_HOURS_FORM.example}`")
    start, end = (time(int(found[i]), int(found[i + 1])) for i in (1, 3))
    return {"start": start, "end": end}


class Quiet(Frozen):
    """Hours in which a channel is silent, in the campaign's zone: a message is held till `end`, or cancelled."""

    start: time
    end: time
    action: Literal["hold", "cancel"] = "hold"

    @model_validator(mode="after")
    def _some_hours(self) -> Self:
        if self.start == self.end:
            raise FormError("quiet hours begin at one time of day and end at another", f"`{_HOURS_FORM.example}`")
        return self

    def holds_at(self, moment: time) -> bool:
        """Whether the local `moment` falls into the quiet hours, which may span midnight."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


QuietHours = Annotated[Quiet, BeforeValidator(_hours, json_schema_input_type=Annotated[str, _HOURS_FORM] | Quiet)]


def _arms(arms: dict[str, int]) -> dict[str, int]:
    if len(arms) < 2 or min(arms.values()) < 1 or sum(arms.values()) != 100:
        raise FormError("the arms are two or more shares in percent that sum to 100", "`{short: 50, long: 50}`")
    return arms


class Experiment(Frozen):
    """Arms by name with their shares in percent; `goal` is what is counted afterwards."""

    arms: Annotated[dict[Name, Annotated[int, Field(strict=True)]], AfterValidator(_arms)]
    goal: Rule | None = None


class Outline(Frozen):
    """What a campaign file and the campaign that is read from it say in the same words."""

    title: Localised
    purpose: Purpose
    schedule: Schedule
    newsletter: Name | None = None
    audience: Rule | None = None
    sender: Sender = Sender()
    offers: OfferChoice | None = None
    one_per: Literal["household"] | None = None
    limits: Limits = Limits()
    quiet_hours: Mapping[Channel, QuietHours] = Field(default_factory=dict)
    holdout: Share = Decimal(0)
    experiment: Experiment | None = None
    max_sends: Annotated[int, Field(ge=1, strict=True)] | None = None
    approval: Literal["required"] | None = None

    @property
    def from_partner(self) -> bool:
        """Whether the message is sent on a partner's behalf."""
        return self.sender.partner is not None


class Campaign(Outline):
    """What one campaign file says. `name` is the file's name without its ending.

    `content` is the short form of a single variant and has become one here; `channels` are in the order of
    preference.
    """

    name: Name
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
