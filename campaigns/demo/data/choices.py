"""Choices of invented members: consents and opt-outs, their dates, and later withdrawals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice
from campaigns.demo.data.members import MemberRow
from campaigns.demo.data.purchases import Interests
from campaigns.demo.data.seeded_random import happens, random_integer, weighted_pick

_FIRST: Final = datetime(2011, 3, 1, 9, 0)  # noqa: DTZ001 - no zone: the workspace's own applies
_LAST: Final = datetime(2017, 12, 30, 20, 0)  # noqa: DTZ001

_CONSENT_SOURCES: Final = {"web": 60.0, "desk": 24.0, "phone": 10.0, "import": 6.0}
_WITHDRAWAL_SOURCES: Final = {"web": 55.0, "one_click": 30.0, "desk": 10.0, "phone": 5.0}
_SMS_WITHDRAWAL_SOURCES: Final = {"sms": 60.0, "web": 30.0, "desk": 10.0}


@dataclass(frozen=True, slots=True)
class ConsentRate:
    """Share of members who switched a choice on, and the share of those who switched it off again (`taken_back`)."""

    on: float
    taken_back: float = 0.0


_RATES: Final[Mapping[Choice, ConsentRate]] = {
    Choice.EMAIL_OWN: ConsentRate(0.59, 0.07),
    Choice.SMS_OWN: ConsentRate(0.43, 0.07),
    Choice.EMAIL_PARTNER: ConsentRate(0.16, 0.06),
    Choice.SMS_PARTNER: ConsentRate(0.06, 0.06),
    Choice.ELECTRONIC_OWNER_POST: ConsentRate(0.21, 0.05),
    Choice.NO_DIRECT_MAIL: ConsentRate(0.06),
    Choice.NO_OWNER_POST: ConsentRate(0.04),
    Choice.NO_SURVEYS_OR_PHONE: ConsentRate(0.10),
    Choice.NO_PURCHASE_DETAIL: ConsentRate(0.07),
    Choice.NO_MARKETING: ConsentRate(0.04),
    Choice.TRACKING: ConsentRate(0.11, 0.09),
    Choice.RESTRICTED: ConsentRate(0.003),
    Choice.ADDRESS_SECRET: ConsentRate(0.004),
    Choice.DECEASED: ConsentRate(0.003),
}
_CUSTOMER_CHOICES: Final = frozenset({Choice.EMAIL_OWN, Choice.EMAIL_PARTNER, Choice.NO_MARKETING, Choice.TRACKING})
_DESK_ONLY: Final = frozenset({Choice.RESTRICTED, Choice.ADDRESS_SECRET, Choice.DECEASED})


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """Row of the import file of choices; the fields are its columns, in order."""

    member_id: str
    choice: str
    state: str
    at: datetime
    source: str
    wording: str | None
    language: str
    agent: str | None


def invent_choices(member: MemberRow, interests: Interests) -> Iterator[ChoiceRow]:
    """Generate all choice entries of one member, each withdrawal after its consent."""
    customer = member.register == "customers"
    for choice, rate in _RATES.items():
        if not customer or choice in _CUSTOMER_CHOICES:
            yield from _entries(member, choice, rate)
    for newsletter, on in _newsletters(interests, customer).items():
        yield from _entries(member, f"{NEWSLETTER_PREFIX}{newsletter}", ConsentRate(on, 0.08))


def _newsletters(interests: Interests, customer: bool) -> Mapping[str, float]:
    """Return the probability of a subscription to each newsletter; purchases raise it."""
    if customer:
        return {"beauty": 0.35, "food": 0.55, "family": 0.2, "home": 0.3, "pets": 0.15}
    return {
        "beauty": 0.49 if interests.beauty else 0.07,
        "food": 0.36,
        "family": 0.44 if interests.family else 0.04,
        "home": 0.19,
        "pets": 0.46 if interests.pets else 0.02,
    }


def _entries(member: MemberRow, choice: str, rate: ConsentRate) -> Iterator[ChoiceRow]:
    key = (member.member_id, str(choice))
    if not happens(rate.on, *key, "on"):
        return
    source = "desk" if choice in _DESK_ONLY else weighted_pick(_CONSENT_SOURCES, *key, "way")
    first = _moment(_FIRST, *key, "first")
    yield _entry(member, choice, "on", first, source)
    if happens(rate.taken_back, *key, "taken back"):
        sources = _SMS_WITHDRAWAL_SOURCES if choice in {Choice.SMS_OWN, Choice.SMS_PARTNER} else _WITHDRAWAL_SOURCES
        yield _entry(member, choice, "off", _moment(first, *key, "off"), weighted_pick(sources, *key, "by"))


def _entry(member: MemberRow, choice: str, state: str, at: datetime, source: str) -> ChoiceRow:
    """Return one entry; only forms and staff show a consent text."""
    return ChoiceRow(
        member_id=member.member_id,
        choice=str(choice),
        state=state,
        at=at,
        source=source,
        wording=f"choices-{2011 + 2 * ((at.year - 2011) // 2)}" if source in {"web", "desk", "phone"} else None,
        language=member.language,
        agent=f"desk-{random_integer(1, 12, member.member_id, choice, 'agent'):02d}"
        if source in {"desk", "phone"}
        else None,
    )


def _moment(after: datetime, *key: object) -> datetime:
    """Return a moment between `after` and the last days of the data, in waking hours."""
    days = max((_LAST - after).days, 1)
    day = after + timedelta(days=random_integer(1, days, *key, "day"))
    minute = random_integer(9 * 60, 21 * 60 - 1, *key, "minute")
    return day.replace(hour=minute // 60, minute=minute % 60, second=random_integer(0, 59, *key, "second"))
