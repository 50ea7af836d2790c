"""Second implementation of the planner, from its description: one member at a time, no shared code."""

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
    """Decision about one matched member."""

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
"""Rules of the test campaigns by name: their YAML, and whether they read purchase lines."""


def rule_answer(rule: str, member: GeneratedMember) -> Truth:
    if "pairs" in rule:
        if member.household_size is None:
            return None
        return (member.household_size >= 2) is (rule == "pairs")
    if "coffee" in rule:
        return None if not member.may_be_read else (member.coffee > 0) is (rule == "coffee")
    return True


def may_be_processed(member: GeneratedMember, purpose: Purpose) -> bool:
    if purpose is Purpose.RIGHTS:
        return C.DECEASED not in member.on
    if member.on & {C.DECEASED, C.RESTRICTED}:
        return False
    return purpose is Purpose.SERVICE or C.NO_MARKETING not in member.on


def missing_consent(member: GeneratedMember, *choices: str) -> str | None:
    """Return the skip reason if none of these choices is on."""
    granted = {choice.value for choice in member.on} | {f"newsletter:{name}" for name in member.newsletters}
    if granted & set(choices):
        return None
    return "consent_withdrawn" if member.withdrawn & set(choices) else "no_consent"


def choice_refusal(member: GeneratedMember, campaign: Campaign, channel: Channel) -> str | None:
    """Return the skip reason if the member's choices forbid the channel."""
    if campaign.purpose in {Purpose.OWNER_POST, Purpose.MAGAZINE} and member.register != Register.OWNERS:
        return "not_entitled"
    if channel in {Channel.POST, Channel.PHONE} and C.ADDRESS_SECRET in member.on:
        return "address_secret"
    if member.on & objections(campaign.purpose, channel):
        return "objected_channel"
    required = required_choices(campaign, channel)
    return missing_consent(member, *required) if required else None


def objections(purpose: Purpose, channel: Channel) -> set[Choice]:
    """Return the objections that forbid the channel for the purpose."""
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


def required_choices(campaign: Campaign, channel: Channel) -> tuple[str, ...]:
    """Return the choices of which one must be on."""
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


def address(member: GeneratedMember, channel: Channel) -> str | None:
    return {Channel.EMAIL: member.email, Channel.POST: member.letter_box}.get(channel, member.phone)


def suppression_reason(member: GeneratedMember, campaign: Campaign, channel: Channel) -> str | None:
    """Return the reason of a suppression of the address."""
    kind = {Channel.EMAIL: "email", Channel.POST: "address"}.get(channel, "phone")
    is_service = campaign.purpose in {Purpose.SERVICE, Purpose.RIGHTS}
    return next(
        (
            reason
            for suppressed_kind, reason, marketing_only in member.suppressed
            if suppressed_kind == kind and not (is_service and marketing_only)
        ),
        None,
    )


def channel_stop(
    member: GeneratedMember, campaign: Campaign, channel: Channel, variant: str | None
) -> tuple[int, str] | None:
    """Return the step that stops a channel and its reason, or None."""
    chosen = next((candidate for candidate in campaign.variants if candidate.name == variant), None)
    contact_address = address(member, channel)
    steps = [
        "missing_variant" if chosen is None or chosen.template(channel) is None else None,
        "no_address" if contact_address is None else None,
        "invalid_address" if channel is Channel.SMS and contact_address == "+35891234567" else None,
        "country_not_served" if channel in (Channel.SMS, Channel.PHONE) and contact_address == "+46701234567" else None,
        choice_refusal(member, campaign, channel),
        suppression_reason(member, campaign, channel),
    ]
    return next(((depth, reason) for depth, reason in enumerate(steps) if reason), None)


def is_held_out(key: str, salt: str, percent: int) -> bool:
    return int(md5(f"{salt}:{key}".encode(), usedforsecurity=False).hexdigest()[:8], 16) < percent * 2**32 // 100


def too_young(member: GeneratedMember, campaign: Campaign, settings: Settings) -> bool:
    if campaign.purpose not in {Purpose.NEWSLETTER, Purpose.MARKETING, Purpose.SURVEY} or member.birth_date is None:
        return False
    today, born = date(2018, 1, 10), member.birth_date
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < settings.minimum_age


def capped(member: GeneratedMember, campaign: Campaign) -> bool:
    cap = campaign.limits.per_member
    if cap is None or cap.rolling is None or campaign.purpose in {Purpose.SERVICE, Purpose.RIGHTS}:
        return False
    return sum(0 <= days <= cap.rolling.days for days in member.heard) >= cap.messages


@dataclass(frozen=True)
class PlannerOracle:
    """Planner of one campaign. `audience` and `whens` name rules of `RULES`.

    Without audience it takes a newsletter's subscribers, else everybody.
    """

    campaign: Campaign
    settings: Settings
    audience: str | None
    whens: Mapping[str, str | None]
    salt: str

    def plan(self, members: Sequence[GeneratedMember]) -> dict[str, OracleDecision]:
        matched = [member for member in members if self.matches(member)]
        used_addresses: set[tuple[str, str]] = set()
        decisions = {}
        for member in sorted(matched, key=lambda member: (member.register != Register.OWNERS, member.member_id)):
            decisions[member.member_id] = self.decide(member, used_addresses)
        return decisions

    def unknown(self, members: Sequence[GeneratedMember]) -> int:
        processed_members = [member for member in members if may_be_processed(member, self.campaign.purpose)]
        return sum(
            self.audience is not None and rule_answer(self.audience, member) is None for member in processed_members
        )

    def matches(self, member: GeneratedMember) -> bool:
        if not may_be_processed(member, self.campaign.purpose):
            return False
        if self.audience is None:
            return self.campaign.newsletter is None or self.campaign.newsletter in member.newsletters
        return rule_answer(self.audience, member) is True

    def decide(self, member: GeneratedMember, used_addresses: set[tuple[str, str]]) -> OracleDecision:
        variant = next(
            (name for name, when in self.whens.items() if when is None or rule_answer(when, member) is True), None
        )
        used = member.may_be_read and self.reads_basket(variant)
        stops = {channel: channel_stop(member, self.campaign, channel, variant) for channel in self.campaign.channels}
        channel = next((channel for channel, stop in stops.items() if stop is None), None)
        if too_young(member, self.campaign, self.settings):
            return OracleDecision(variant, None, "age_restricted", used)
        if channel is None:
            _, reason = max((stop for stop in stops.values() if stop), key=lambda stop: stop[0])
            return OracleDecision(variant, None, reason, used)
        return OracleDecision(variant, channel.value, self.skip_reason(member, channel, used_addresses), used)

    def skip_reason(
        self, member: GeneratedMember, channel: Channel, used_addresses: set[tuple[str, str]]
    ) -> str | None:
        """Return the skip reason of a member whom a channel reaches."""
        key = self.dedup_key(member, channel)
        if key is not None and (channel.value, key) in used_addresses:
            return "household_dedup" if channel is Channel.POST else "address_dedup"
        if key is not None:
            used_addresses.add((channel.value, key))
        if self.campaign.purpose not in {Purpose.SERVICE, Purpose.RIGHTS}:
            if is_held_out(member.drawn_by, self.salt, int(self.settings.holdout * 100)):
                return "holdout_global"
            if is_held_out(member.drawn_by, f"holdout:{self.campaign.name}", int(self.campaign.holdout * 100)):
                return "holdout_campaign"
        return "frequency_cap" if capped(member, self.campaign) else None

    def dedup_key(self, member: GeneratedMember, channel: Channel) -> str | None:
        """Return the key of an address that gets one message however many share it."""
        if channel is Channel.POST:
            return (member.household_id or member.letter_box) if self.campaign.one_per else None
        if channel is Channel.PHONE or self.campaign.purpose in {Purpose.SERVICE, Purpose.RIGHTS, Purpose.OWNER_POST}:
            return None
        return str(address(member, channel)).lower()

    def reads_basket(self, variant: str | None) -> bool:
        """Return whether purchase lines were used to select the member or the variant."""
        rules_read = [self.audience]
        for name, when in self.whens.items():
            rules_read.append(when)
            if name == variant:
                break
        return any(rule is not None and RULES[rule][1] for rule in rules_read)


__all__ = ["AS_OF", "RULES", "OracleDecision", "PlannerOracle"]
