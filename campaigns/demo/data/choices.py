"""What invented members allow and forbid, when they said so, and what some of them took back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns.demo.data.seeded_random import between, happens, weighted
from campaigns.demo.data.members import Member
from campaigns.demo.data.purchases import Interests
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice

_FIRST: Final = datetime(2011, 3, 1, 9, 0)  # noqa: DTZ001 - written without a zone: the workspace's own
_LAST: Final = datetime(2017, 12, 30, 20, 0)  # noqa: DTZ001

_WAYS: Final = {"web": 60.0, "desk": 24.0, "phone": 10.0, "import": 6.0}
_WITHDRAWN_BY: Final = {"web": 55.0, "one_click": 30.0, "desk": 10.0, "phone": 5.0}
_BY_SMS: Final = {"sms": 60.0, "web": 30.0, "desk": 10.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """Of all members, `on` once switched the choice on; of those, `taken_back` switched it off again."""

    on: float
    taken_back: float = 0.0


_RATES: Final[Mapping[Choice, Rate]] = {
    Choice.EMAIL_OWN: Rate(0.59, 0.07),
    Choice.SMS_OWN: Rate(0.43, 0.07),
    Choice.EMAIL_PARTNER: Rate(0.16, 0.06),
    Choice.SMS_PARTNER: Rate(0.06, 0.06),
    Choice.ELECTRONIC_OWNER_POST: Rate(0.21, 0.05),
    Choice.NO_DIRECT_MAIL: Rate(0.06),
    Choice.NO_OWNER_POST: Rate(0.04),
    Choice.NO_SURVEYS_OR_PHONE: Rate(0.10),
    Choice.NO_PURCHASE_DETAIL: Rate(0.07),
    Choice.NO_MARKETING: Rate(0.04),
    Choice.TRACKING: Rate(0.11, 0.09),
    Choice.RESTRICTED: Rate(0.003),
    Choice.ADDRESS_SECRET: Rate(0.004),
    Choice.DECEASED: Rate(0.003),
}
_OF_CUSTOMERS: Final = frozenset({Choice.EMAIL_OWN, Choice.EMAIL_PARTNER, Choice.NO_MARKETING, Choice.TRACKING})
_BY_DESK_ONLY: Final = frozenset({Choice.RESTRICTED, Choice.ADDRESS_SECRET, Choice.DECEASED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the choices' import file; the fields are its columns, in order."""

    member_id: str
    choice: str
    state: str
    at: datetime
    source: str
    wording: str | None
    language: str
    agent: str | None


def choices(member: Member, interests: Interests) -> Iterator[Entry]:
    """All that one member ever said, each choice with what was taken back of it."""
    customer = member.register == "customers"
    for choice, rate in _RATES.items():
        if not customer or choice in _OF_CUSTOMERS:
            yield from _said(member, choice, rate)
    for newsletter, on in _newsletters(interests, customer).items():
        yield from _said(member, f"{NEWSLETTER_PREFIX}{newsletter}", Rate(on, 0.08))


def _newsletters(interests: Interests, customer: bool) -> Mapping[str, float]:
    """How likely the member once subscribed to each list: mostly to what they buy."""
    if customer:
        return {"beauty": 0.35, "food": 0.55, "family": 0.2, "home": 0.3, "pets": 0.15}
    return {
        "beauty": 0.49 if interests.beauty else 0.07,
        "food": 0.36,
        "family": 0.44 if interests.family else 0.04,
        "home": 0.19,
        "pets": 0.46 if interests.pets else 0.02,
    }


def _said(member: Member, choice: str, rate: Rate) -> Iterator[Entry]:
    about = (member.member_id, str(choice))
    if not happens(rate.on, *about, "on"):
        return
    way = "desk" if choice in _BY_DESK_ONLY else weighted(_WAYS, *about, "way")
    first = _moment(_FIRST, *about, "first")
    yield _entry(member, choice, "on", first, way)
    if happens(rate.taken_back, *about, "taken back"):
        by = _BY_SMS if choice in {Choice.SMS_OWN, Choice.SMS_PARTNER} else _WITHDRAWN_BY
        yield _entry(member, choice, "off", _moment(first, *about, "off"), weighted(by, *about, "by"))


def _entry(member: Member, choice: str, state: str, at: datetime, way: str) -> Entry:
    """One thing said; a text was shown only where there was a form or a person to read it out."""
    return Entry(
        member_id=member.member_id,
        choice=str(choice),
        state=state,
        at=at,
        source=way,
        wording=f"choices-{2011 + 2 * ((at.year - 2011) // 2)}" if way in {"web", "desk", "phone"} else None,
        language=member.language,
        agent=f"desk-{between(1, 12, member.member_id, choice, 'agent'):02d}" if way in {"desk", "phone"} else None,
    )


def _moment(after: datetime, *about: object) -> datetime:
    """A moment between `after` and the last days of the data, in waking hours."""
    days = max((_LAST - after).days, 1)
    day = after + timedelta(days=between(1, days, *about, "day"))
    minute = between(9 * 60, 21 * 60 - 1, *about, "minute")
    return day.replace(hour=minute // 60, minute=minute % 60, second=between(0, 59, *about, "second"))
