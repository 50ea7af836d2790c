"""Checks of template values that all channels share: known values, offers, samples with missing values."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from campaigns.core.errors import Problem, Severity, closest_match
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.campaign_reason import message_reason
from campaigns.rendering.templates.coupon_values import COUPON_VALUES, sample_coupon
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.rendering.templates.variables import LIST_ITEM, VariableUse

_OFFER: Final = (
    "id",
    "title",
    "text",
    "price",
    "unit",
    "lowest_price_30d",
    "reduced",
    "discount",
    "valid_from",
    "valid_to",
    "image",
    "url",
    "brand",
    "department",
    "product_category",
    "reason",
    "coupon",
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
_BRAND: Final = ("logo", "logo_dark", "footer")
COMMON_VALUES: Final = frozenset(
    {
        "campaign.name",
        "campaign.title",
        "campaign.reason",
        "sender.name",
        "sender.partner",
        "today",
        *(f"organisation.{part}" for part in _ORGANISATION),
        *(f"brand.{part}" for part in _BRAND),
    }
)
_LINKS: Final = ("unsubscribe", "preferences", "why", "stop")
_SAMPLE_ENDING: Final = "AbCdEfGhIjKlMnOpQrStUvWxYz012345"  # as long as a real one
MEMBER_VALUES: Final = frozenset(
    {
        "arm",
        "deals",
        "offers",
        *(f"offers.{LIST_ITEM}.{part}" for part in _OFFER),
        *(f"offers.{LIST_ITEM}.coupon.{part}" for part in COUPON_VALUES),
        *(f"links.{name}" for name in _LINKS),
    }
)
_NO_OFFERS: Final = "leave them out, or say `purpose: marketing` in the campaign"
_NO_OFFERS_LEFT: Final[Mapping[str, object]] = {"offers": []}
_EXAMPLE_OFFER: Final[Mapping[str, object]] = {
    "id": "example",
    "title": "Ruisleipä",
    "text": "Paistettu tänään.",
    "price": Decimal("2.50"),
    "unit": "kpl",
    "lowest_price_30d": Decimal("3.20"),
    "reduced": True,
    "discount": 21,
    "valid_from": date(2018, 1, 1),
    "valid_to": date(2018, 1, 7),
    "image": "https://check.example/bread.png",
    "url": "https://check.example/bread",
    "brand": "Oma",
    "department": "FOOD",
    "product_category": "BREAD",
    "reason": "koska ostat usein tuoteryhmästä leivät",
    "coupon": sample_coupon({"coupon": {"kind": "code", "format": "ean13"}}, Channel.EMAIL, Language.FI),
}
_CONTACT: Final = frozenset({"member.email", "member.phone"})
_WITHOUT_MARKETING: Final = frozenset({Purpose.SERVICE, Purpose.RIGHTS})


def unknown_value_problems(reads: Iterable[VariableUse], known: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each use of an unknown value, with the closest known one as a hint."""
    for read in reads:
        name = ".".join(read.path)
        if name not in known:
            message = f"there is no value `{_display_name(name)}`"
            hint = "an address is not for printing: leave it out" if name in _CONTACT else closest_match(name, known)
            yield Problem(
                read.position, message, "unknown_variable", _display_name(hint) or "docs/templates.md has all"
            )


def offer_problems(reads: Iterable[VariableUse], purpose: Purpose) -> Iterator[Problem]:
    """Yield problems: an offer in a non-marketing message (A-26), a price without the lowest of 30 days (FI-23)."""
    uses = {".".join(read.path): read.position for read in reads}
    if purpose in _WITHOUT_MARKETING and "offers" in uses:
        yield Problem(uses["offers"], f"a {purpose} message shows no offers", "offers_in_service", _NO_OFFERS)
    price, lowest = f"offers.{LIST_ITEM}.price", f"offers.{LIST_ITEM}.lowest_price_30d"
    if price in uses and lowest not in uses:
        message = "a price is shown without the lowest price of 30 days, which the law wants beside a reduced one"
        yield Problem(uses[price], message, "lowest_price", "print `lowest_price_30d` where `reduced` is true")


def is_marketing(purpose: Purpose) -> bool:
    """Return whether messages of this purpose are marketing by law, so that they need an opt-out."""
    return purpose not in _WITHOUT_MARKETING


def sample_values(
    folder: TemplateFolder, purpose: Purpose, language: Language, settings: Settings
) -> dict[str, object]:
    """Return the sample of a template; organisation, brand and reason are those of messages.

    Of newsletters it is the reason with the longest title.
    """
    sample, organisation = folder.sample(language), settings.organisation.template_values(language)
    public_url = str(settings.public_url)
    titles = settings.newsletters.values() or (settings.organisation.name,)
    longest = max(titles, key=lambda title: len(title.text(language)))
    campaign, sender = (_mapping(sample.get(key)) for key in ("campaign", "sender"))
    return {
        "links": {name: f"{public_url.rstrip('/')}/{name[0]}/{_SAMPLE_ENDING}" for name in _LINKS},
        "store": None,
        **sample,
        "organisation": organisation,
        "brand": settings.brand.template_values(language, public_url),
        "sender": {"name": organisation["name"], "partner": sender.get("partner")},
        "campaign": {**campaign, "reason": message_reason(purpose, folder.channel, language, longest)},
    }


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def missing_value_problem(error: TemplateError) -> Problem:
    """Return the problem of a sample that cannot be rendered."""
    hint = "give the value in `sample.yaml`" if error.is_missing else "`{{ offer.price|money }}`, `{% if … %}`"
    return Problem(error.place, error.reason, "sample", hint)


def bare_sample(sample: Mapping[str, object]) -> dict[str, object]:
    """Return the sample of a member about whom nothing is known, in no arm, and without offers."""
    return {**sample, **_unknown_member(sample), "arm": None, **_NO_OFFERS_LEFT}


def full_sample(sample: Mapping[str, object]) -> dict[str, object]:
    """Return the sample with an offer, even where its author gave none."""
    return {**sample, "offers": sample.get("offers") or [_EXAMPLE_OFFER]}


def _unknown_member(sample: Mapping[str, object]) -> Mapping[str, object]:
    member = sample.get("member")
    return {"member": dict.fromkeys(member) if isinstance(member, Mapping) else {}, "store": None}


def unguarded_value_problems(
    render: Callable[[Mapping[str, object]], object], sample: Mapping[str, object]
) -> Iterator[Problem]:
    """Warn of values that are printed although a member may lack them, their home store, or any offer.

    Members whose purchases may not be used lack the reasons of offers; offers need no page, and most have no coupon.
    """
    unknown, offers = _unknown_member(sample), sample.get("offers")
    bare_offers = (
        {"offers": [{**offer, "url": None, "reason": None, "coupon": None} for offer in offers]}
        if isinstance(offers, list)
        else {}
    )
    for lacking in (unknown, bare_offers, _NO_OFFERS_LEFT) if offers else (unknown,):
        try:
            render({**sample, **lacking})
        except TemplateError as error:
            message = f"members who lack a value get no message: {error.reason}"
            yield Problem(error.place, message, "unguarded", "ask first: `{% if … %}`", Severity.WARNING)


def _display_name(name: str) -> str:
    return name.replace(f".{LIST_ITEM}", "[]")
