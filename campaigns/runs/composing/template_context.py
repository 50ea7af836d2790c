"""Template contexts: a member's contact as read by the claim, fields frozen by the plan, and links."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from campaigns.core.clock import local_day
from campaigns.core.model.coupon import CouponKind
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.offer import Offer
from campaigns.core.model.settings import Settings
from campaigns.offers.coupons.coupon_codes import CouponCode
from campaigns.offers.message_order import order_by_picture
from campaigns.offers.offer_address import campaign_address
from campaigns.rendering.campaign_reason import campaign_reason
from campaigns.rendering.offer_reason_text import GoodsName, offer_reason_text
from campaigns.rendering.templates.coupon_values import CodeValues, coupon_values, sample_code_values
from campaigns.runs.composing.claimed_message import ClaimedMessage
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.planning.home_stores import STORE_KEY, STORE_PREFIX

_CONTACT_FIELDS: Final = ("first_name", "last_name", "street", "postal_code", "city", "register")
_PROFILE_PREFIX: Final = "member_"
_REASONS_KEPT: Final = 20_000  # texts: some megabytes
CouponCodes = Callable[[Offer, int], CouponCode | None]
"""Return the code of an offer's coupon in the message at a position; None for that of samples."""
_FrozenNames = tuple[tuple[str, str], ...]
LINK_PATHS: Final[Mapping[str, str]] = {"unsubscribe": "u", "preferences": "p", "why": "w", "stop": "s"}


def message_language(delivery: ClaimedMessage) -> Language:
    """Return the language of the message."""
    return Language(delivery.contact["language"])


def sample_codes(_offer: Offer, _position: int) -> None:
    """Give every coupon the code of samples, as previews and proofs do: they burn none."""


def offer_view(offer: Offer, language: Language, settings: Settings, campaign: str) -> Mapping[str, object]:
    """Return an offer as template values: texts in one language, image and page as absolute URLs."""
    return {
        "id": offer.id,
        "title": offer.title.text(language),
        "text": offer.text.text(language),
        "unit": None if offer.unit is None else offer.unit.text(language),
        "price": offer.price,
        "lowest_price_30d": offer.lowest_price_30d,
        "reduced": offer.reduced,
        "discount": offer.discount,
        "valid_from": offer.valid_from,
        "valid_to": offer.valid_to,
        "department": offer.department,
        "product_category": offer.product_category,
        "brand": offer.brand,
        "image": f"{public_base_url(settings)}/images/{offer.image}",
        "url": None if offer.url is None else campaign_address(offer.url, campaign, offer.id),
        "reason": None,
        "coupon": _card_coupon(offer),
    }


def _card_coupon(offer: Offer) -> Mapping[str, object] | None:
    """Return the coupon of an offer that is bound to the membership card: it is the same in every message."""
    if offer.coupon is None or offer.coupon.kind is not CouponKind.CARD:
        return None
    return coupon_values(offer.id, (offer.valid_from, offer.valid_to), Channel.POST, None)


def public_base_url(settings: Settings) -> str:
    """Return the public base URL without a trailing slash."""
    return str(settings.public_url).rstrip("/")


@dataclass
class TemplateContexts:
    """Template contexts of one run and channel; `frozen_fields` returns what the plan froze for a position.

    `coupon_codes` gives the codes of coupons: those of the run, or of samples.
    """

    run_context: RunContext
    frozen_fields: Callable[[int], Mapping[str, Any]]
    offers: Mapping[str, Offer]
    channel: Channel = field(kw_only=True)
    coupon_codes: CouponCodes = field(kw_only=True)
    _common: dict[Language, Mapping[str, object]] = field(default_factory=dict, init=False)
    _views: dict[tuple[str, Language], Mapping[str, object]] = field(default_factory=dict, init=False)
    _reasons: dict[tuple[str, str, Language], str] = field(default_factory=dict, init=False)
    _names: tuple[_FrozenNames, _FrozenNames] | None = field(default=None, init=False)
    _linked: tuple[int, Mapping[str, str]] = field(default=(-1, {}), init=False)

    def build(self, contact: Mapping[Any, Any], position: int, arm: str | None) -> dict[str, object]:
        """Return the template values of one delivery, named as in `docs/templates.md`."""
        frozen = self.frozen_fields(position)
        language = Language(contact["language"])
        if self._names is None:  # every position has the same ones
            self._names = _frozen_names(frozen, _PROFILE_PREFIX), _frozen_names(frozen, STORE_PREFIX)
        profile, store = ({name: frozen[key] for key, name in names} for names in self._names)
        member = {**profile, **{name: contact[name] for name in _CONTACT_FIELDS}, "language": language.value}
        return {
            **self.common_values(language),
            "member": member,
            "store": store if store.get(STORE_KEY) is not None else None,
            "offers": list(self._offers(frozen, position, language)),
            "links": self.links(position),
            "arm": arm,
        }

    def links(self, position: int) -> Mapping[str, str]:
        """Return the URLs that carry this delivery's tokens."""
        linked = self._linked
        if linked[0] != position:  # needed by the template, then by the headers
            base_url, signer, run = (
                public_base_url(self.run_context.settings),
                self.run_context.signer,
                self.run_context.number,
            )
            signed = {
                name: f"{base_url}/{path}/{signer.link_token(name, run, position)}" for name, path in LINK_PATHS.items()
            }
            linked = self._linked = position, signed
        return linked[1]

    def _offers(self, frozen: Mapping[str, Any], position: int, language: Language) -> Iterable[Mapping[str, object]]:
        ids = frozen.get("offers") or ()
        reasons = dict(zip(ids, frozen.get("offer_reasons") or (), strict=False))
        # an offer that is missing has goods that have become sensitive, or unknown, since the plan
        for offer in order_by_picture([self.offers[offer_id] for offer_id in ids if offer_id in self.offers]):
            if (offer.id, language) not in self._views:
                settings, campaign = self.run_context.settings, self.run_context.campaign.name
                self._views[offer.id, language] = offer_view(offer, language, settings, campaign)
            view, reason = self._views[offer.id, language], reasons.get(offer.id)
            if reason is not None:
                view = {**view, "reason": self._reason(offer.id, reason, language)}
            if offer.coupon is not None and offer.coupon.kind is CouponKind.CODE:
                view = {**view, "coupon": self._code_coupon(offer, position, language)}
            yield view

    def _code_coupon(self, offer: Offer, position: int, language: Language) -> Mapping[str, object]:
        """Return the coupon of the member's own code."""
        if offer.coupon is None or offer.coupon.format is None:
            raise ValueError(f"the coupon of {offer.id} has no code")
        code = self.coupon_codes(offer, position)
        values = (
            sample_code_values(offer.coupon.format, language)
            if code is None
            else CodeValues(offer.coupon.format, code.text, code.grouped)
        )
        return coupon_values(offer.id, (offer.valid_from, offer.valid_to), self.channel, values)

    def _reason(self, offer_id: str, reason: str, language: Language) -> str | None:
        """Return the words of a reason; none in a partner's message, in which every value could reach the partner."""
        if self.run_context.campaign.from_partner:
            return None
        key = offer_id, reason, language
        if key not in self._reasons:
            if len(self._reasons) >= _REASONS_KEPT:
                self._reasons.clear()
            name = (self.run_context.run.evidence or {}).get("offer_names", {}).get(offer_id)
            goods = GoodsName() if name is None else GoodsName.from_json(name)
            self._reasons[key] = offer_reason_text(reason, language, goods)
        return self._reasons[key]

    def common_values(self, language: Language) -> Mapping[str, object]:
        """Return the cached template values common to all members of a language."""
        if language not in self._common:
            today = local_day(self.run_context.run.due_at, self.run_context.campaign.schedule.zone)
            self._common[language] = build_common_values(self.run_context, self.channel, language, today)
        return self._common[language]


def _frozen_names(frozen: Mapping[str, Any], prefix: str) -> _FrozenNames:
    """Return the fields with a prefix, each with its name in templates."""
    return tuple((name, name.removeprefix(prefix)) for name in frozen if name.startswith(prefix))


def build_common_values(
    run_context: RunContext, channel: Channel, language: Language, today: date
) -> Mapping[str, object]:
    """Return the template values common to all members of a channel and language."""
    campaign, settings = run_context.campaign, run_context.settings
    organisation = settings.organisation.template_values(language)
    return {
        "campaign": {
            "name": campaign.name,
            "title": campaign.title.text(language),
            "reason": campaign_reason(campaign, channel, language, settings),
        },
        "sender": {"name": organisation["name"], "partner": campaign.sender.partner},
        "organisation": organisation,
        "brand": run_context.settings.brand.template_values(language, public_base_url(run_context.settings)),
        "today": today,
    }
