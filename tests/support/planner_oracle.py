"""The planner a second time: from the sentences of its description, one member at a time. Shares no code with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import md5

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel, Choice, Purpose, Register
from campaigns.core.model.settings import Settings
from tests.support.generated_members import AS_OF, GeneratedMember

Truth = bool | None
C = Choice


@dataclass(frozen=True)
class OracleDecision:
    """What is decided about one matched member."""

    variant: str | None
    channel: str | None
    reason: str | None
    used_basket: bool


RULES: Mapping[str, tuple[str, bool]] = {
    "everybody": ("{register: [owners, household, customers]}", False),
    "pairs": ("{household_size: {at_least: 2}}", False),
    "no pairs": ("{not: {household_size: {at_least: 2}}}", False),
    "coffee": ("{bought: {where: {product_category: COFFEE}}}", True),
    "no coffee": ("{bought: {where: {product_category: COFFEE}, visits: {at_most: 0}}}", True),
}
"""The rules that campaigns here use, by name: as an author writes them, and whether they read purchase lines."""


def holds(rule: str, soul: GeneratedMember) -> Truth:
    if "pairs" in rule:
        if soul.household_size is None:
            return None
        return (soul.household_size >= 2) is (rule == "pairs")
    if "coffee" in rule:
        return None if not soul.may_be_read else (soul.coffee > 0) is (rule == "coffee")
    return True


def processed(soul: GeneratedMember, purpose: Purpose) -> bool:
    if purpose is Purpose.RIGHTS:
        return C.DECEASED not in soul.on
    if soul.on & {C.DECEASED, C.RESTRICTED}:
        return False
    return purpose is Purpose.SERVICE or C.NO_MARKETING not in soul.on


def yes(soul: GeneratedMember, *choices: str) -> str | None:
    """Why at least one of these yeses is missing."""
    said = {choice.value for choice in soul.on} | {f"newsletter:{name}" for name in soul.newsletters}
    if said & set(choices):
        return None
    return "consent_withdrawn" if soul.withdrawn & set(choices) else "no_consent"


def refused(soul: GeneratedMember, campaign: Campaign, channel: Channel) -> str | None:
    """Why the member's choices do not permit the channel."""
    if campaign.purpose in {Purpose.OWNER_POST, Purpose.MAGAZINE} and soul.register != Register.OWNERS:
        return "not_entitled"
    if channel in {Channel.POST, Channel.PHONE} and C.ADDRESS_SECRET in soul.on:
        return "address_secret"
    if soul.on & objections(campaign.purpose, channel):
        return "objected_channel"
    needed = needs(campaign, channel)
    return yes(soul, *needed) if needed else None


def objections(purpose: Purpose, channel: Channel) -> set[Choice]:
    """The choices that close the channel to the purpose."""
    match purpose, channel:
        case (Purpose.SURVEY, _) | (Purpose.MARKETING, Channel.PHONE):
            return {C.NO_SURVEYS_OR_PHONE}
        case (Purpose.MARKETING, Channel.POST):
            return {C.NO_DIRECT_MAIL}
        case (Purpose.OWNER_POST, Channel.POST):
            return {C.NO_OWNER_POST, C.ELECTRONIC_OWNER_POST}
        case (Purpose.OWNER_POST, _):
            return {C.NO_OWNER_POST}
    return set()


def needs(campaign: Campaign, channel: Channel) -> tuple[str, ...]:
    """The yeses of which one is needed."""
    match campaign.purpose, channel:
        case (Purpose.NEWSLETTER, _):
            return (f"newsletter:{campaign.newsletter}",)
        case (Purpose.MARKETING | Purpose.SURVEY, Channel.EMAIL | Channel.SMS):
            return (f"{channel}_partner" if campaign.from_partner else f"{channel}_own",)
        case (Purpose.MARKETING, Channel.POST) if campaign.from_partner:
            return ("email_partner", "sms_partner")
        case (Purpose.OWNER_POST, Channel.EMAIL):
            return ("electronic_owner_post",)
    return ()


def address(soul: GeneratedMember, channel: Channel) -> str | None:
    return {Channel.EMAIL: soul.email, Channel.POST: soul.letter_box}.get(channel, soul.phone)


def stopped(soul: GeneratedMember, campaign: Campaign, channel: Channel) -> str | None:
    """Why nothing may go to the address."""
    kind = {Channel.EMAIL: "email", Channel.POST: "address"}.get(channel, "phone")
    serves = campaign.purpose in {Purpose.SERVICE, Purpose.RIGHTS}
    return next(
        (reason for of, reason, marketing_only in soul.suppressed if of == kind and not (serves and marketing_only)),
        None,
    )


def attempt(soul: GeneratedMember, campaign: Campaign, channel: Channel, variant: str | None) -> tuple[int, str] | None:
    """How far a channel gets, and what stops it there; None: it passes."""
    chosen = next((each for each in campaign.variants if each.name == variant), None)
    where = address(soul, channel)
    steps = [
        "missing_variant" if chosen is None or chosen.template(channel) is None else None,
        "no_address" if where is None else None,
        "invalid_address" if channel is Channel.SMS and where == "+35891234567" else None,
        refused(soul, campaign, channel),
        stopped(soul, campaign, channel),
    ]
    return next(((depth, reason) for depth, reason in enumerate(steps) if reason), None)


def drawn(key: str, salt: str, percent: int) -> bool:
    return int(md5(f"{salt}:{key}".encode(), usedforsecurity=False).hexdigest()[:8], 16) < percent * 2**32 // 100


def too_young(soul: GeneratedMember, campaign: Campaign, settings: Settings) -> bool:
    if campaign.purpose not in {Purpose.NEWSLETTER, Purpose.MARKETING, Purpose.SURVEY} or soul.birth_date is None:
        return False
    today, born = date(2018, 1, 10), soul.birth_date
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < settings.minimum_age


def capped(soul: GeneratedMember, campaign: Campaign) -> bool:
    cap = campaign.limits.per_member
    if cap is None or cap.rolling is None or campaign.purpose in {Purpose.SERVICE, Purpose.RIGHTS}:
        return False
    return sum(days <= cap.rolling.days for days in soul.heard) >= cap.messages


@dataclass(frozen=True)
class PlannerOracle:
    """Plans one campaign. `audience` and `whens` name its rules among `RULES`; an audience of None: the subscribers."""

    campaign: Campaign
    settings: Settings
    audience: str | None
    whens: Mapping[str, str | None]
    salt: str

    def plan(self, crowd: Sequence[GeneratedMember]) -> dict[str, OracleDecision]:
        matched = [soul for soul in crowd if self.takes(soul)]
        taken: set[tuple[str, str]] = set()
        verdicts = {}
        for soul in sorted(matched, key=lambda soul: (soul.register != Register.OWNERS, soul.member_id)):
            verdicts[soul.member_id] = self.decide(soul, taken)
        return verdicts

    def unknown(self, crowd: Sequence[GeneratedMember]) -> int:
        looked_at = [soul for soul in crowd if processed(soul, self.campaign.purpose)]
        return sum(self.audience is not None and holds(self.audience, soul) is None for soul in looked_at)

    def takes(self, soul: GeneratedMember) -> bool:
        if not processed(soul, self.campaign.purpose):
            return False
        if self.audience is None:
            return str(self.campaign.newsletter) in soul.newsletters
        return holds(self.audience, soul) is True

    def decide(self, soul: GeneratedMember, taken: set[tuple[str, str]]) -> OracleDecision:
        variant = next((name for name, when in self.whens.items() if when is None or holds(when, soul) is True), None)
        used = soul.may_be_read and self.reads_basket(variant)
        tries = {channel: attempt(soul, self.campaign, channel, variant) for channel in self.campaign.channels}
        channel = next((channel for channel, stop in tries.items() if stop is None), None)
        if too_young(soul, self.campaign, self.settings):
            return OracleDecision(variant, None, "age_restricted", used)
        if channel is None:
            _, reason = max((stop for stop in tries.values() if stop), key=lambda stop: stop[0])
            return OracleDecision(variant, None, reason, used)
        return OracleDecision(variant, channel.value, self.after(soul, channel, taken), used)

    def after(self, soul: GeneratedMember, channel: Channel, taken: set[tuple[str, str]]) -> str | None:
        """What keeps back a member whom a channel reaches."""
        key = self.shared(soul, channel)
        if key is not None and (channel.value, key) in taken:
            return "household_dedup" if channel is Channel.POST else "address_dedup"
        if key is not None:
            taken.add((channel.value, key))
        if self.campaign.purpose not in {Purpose.SERVICE, Purpose.RIGHTS}:
            if drawn(soul.drawn_by, self.salt, int(self.settings.holdout * 100)):
                return "holdout_global"
            if drawn(soul.drawn_by, f"holdout:{self.campaign.name}", int(self.campaign.holdout * 100)):
                return "holdout_campaign"
        return "frequency_cap" if capped(soul, self.campaign) else None

    def shared(self, soul: GeneratedMember, channel: Channel) -> str | None:
        """What is written to once, however many share it."""
        if channel is Channel.POST:
            return (soul.household_id or soul.letter_box) if self.campaign.one_per else None
        if channel is Channel.PHONE or self.campaign.purpose in {Purpose.SERVICE, Purpose.RIGHTS, Purpose.OWNER_POST}:
            return None
        return str(address(soul, channel)).lower()

    def reads_basket(self, variant: str | None) -> bool:
        """Whether purchase lines took part in the choice of the member or of the variant."""
        asked = [self.audience]
        for name, when in self.whens.items():
            asked.append(when)
            if name == variant:
                break
        return any(rule is not None and RULES[rule][1] for rule in asked)


__all__ = ["AS_OF", "RULES", "OracleDecision", "PlannerOracle"]
