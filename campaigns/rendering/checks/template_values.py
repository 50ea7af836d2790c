"""What every channel's check asks of the values that a template reads."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from campaigns.core.errors import Problem, Severity, nearest
from campaigns.core.model.enums import Purpose
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.rendering.templates.variables import ITEM, Read

_OFFER: Final = (
    "id",
    "title",
    "text",
    "price",
    "unit",
    "lowest_price_30d",
    "reduced",
    "valid_from",
    "valid_to",
    "image",
    "brand",
    "department",
    "product_category",
)
_ORGANISATION: Final = (
    "name",
    "legal_name",
    "business_id",
    "street",
    "postal_code",
    "city",
    "telephone",
    "privacy_notice",
    "privacy_notice_version",
)
COMMON: Final = frozenset(
    {
        "campaign.name",
        "campaign.title",
        "sender.name",
        "sender.partner",
        "today",
        *(f"organisation.{part}" for part in _ORGANISATION),
    }
)
OF_A_MEMBER: Final = frozenset(
    {
        "arm",
        "offers",
        *(f"offers.{ITEM}.{part}" for part in _OFFER),
        *(f"links.{name}" for name in ("unsubscribe", "preferences", "why", "stop")),
    }
)
_WITHOUT_MARKETING: Final = frozenset({Purpose.SERVICE, Purpose.RIGHTS})


def unknown_values(reads: Iterable[Read], known: Collection[str]) -> Iterator[Problem]:
    """A problem for each use of a value that no message has, with the nearest that it has."""
    for read in reads:
        name = ".".join(read.path)
        if name not in known:
            message = f"there is no value `{_said(name)}`"
            yield Problem(read.place, message, "unknown_variable", _said(nearest(name, known)))


def offer_problems(reads: Iterable[Read], purpose: Purpose) -> Iterator[Problem]:
    """No offer in a message that is no marketing (A-26); no price without the lowest of 30 days (FI-23)."""
    seen = {".".join(read.path): read.place for read in reads}
    if purpose in _WITHOUT_MARKETING and "offers" in seen:
        yield Problem(seen["offers"], f"a {purpose} message shows no offers", "offers_in_service")
    price, lowest = f"offers.{ITEM}.price", f"offers.{ITEM}.lowest_price_30d"
    if price in seen and lowest not in seen:
        message = "a price is shown without the lowest price of 30 days, which the law wants beside a reduced one"
        yield Problem(seen[price], message, "lowest_price", "print `lowest_price_30d` where `reduced` is true")


def is_marketing(purpose: Purpose) -> bool:
    """Whether the law sees marketing in a message of this purpose, so that it tells the way out."""
    return purpose not in _WITHOUT_MARKETING


def without_profile(sample: Mapping[str, object]) -> dict[str, object]:
    """The sample of a member about whom nothing is known."""
    member = sample.get("member")
    return {**sample, "member": dict.fromkeys(member) if isinstance(member, Mapping) else {}}


def missing_value(error: TemplateError) -> Problem:
    """The sample itself cannot be written."""
    hint = "give the value in `sample.yaml`" if error.is_missing else ""
    return Problem(error.place, error.reason, "sample", hint)


def unguarded_value(error: TemplateError) -> Problem:
    """Members who lack a value would get no message."""
    message = f"members who lack a value get no message: {error.reason}"
    return Problem(error.place, message, "unguarded", "ask first: `{% if … %}`", Severity.WARNING)


def _said(name: str) -> str:
    return name.replace(f".{ITEM}", "[]")
