"""Values of a message: its offers in an order without a picture beside itself, their discounts, the member's store."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from campaigns.core.coupon_keys import CouponKeys, PoolKey
from campaigns.core.errors import UserError
from campaigns.core.model.coupon import Coupon
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.offers.coupons.run_coupons import RunCoupons
from campaigns.rendering.offer_reason_text import GoodsName
from campaigns.runs.composing.composer_factory import ComposerFactory
from campaigns.runs.composing.template_context import CouponCodes, TemplateContexts, sample_codes
from campaigns.workspace.settings_file import load_settings
from tests.support.docs_pages import ROOT

TEXT = Localised(fi="Kahvi", sv="Kaffe", en="Coffee")
CONTACT = dict.fromkeys(("first_name", "last_name", "street", "postal_code", "city", "register")) | {"language": "fi"}


KEYS = CouponKeys({"coffee": {1: PoolKey("coffee", 1, bytes(32))}})
COUPONS = {
    "a": Coupon.model_validate({"kind": "code", "format": "ean13", "pool": "coffee"}),
    "b": Coupon.model_validate({"kind": "card"}),
}


def offer(id_: str, image: str, lowest: str | None = None, coupon: Coupon | None = None) -> Offer:
    """Return an offer with a picture."""
    return Offer(
        id=id_,
        title=TEXT,
        text=TEXT,
        price=Decimal("3.95"),
        lowest_price_30d=None if lowest is None else Decimal(lowest),
        valid_from=date(2018, 1, 1),
        valid_to=date(2018, 1, 31),
        department="GROCERY",
        product_category="COFFEE",
        image=f"offers/{image}.png",
        url=None if id_ == "c" else f"https://shop.example/{id_}",
        coupon=coupon,
    )


def values(
    frozen: dict[str, Any],
    *,
    from_partner: bool = False,
    coupons: dict[str, Coupon] | None = None,
    codes: CouponCodes = sample_codes,
    position: int = 1,
    channel: Channel = Channel.EMAIL,
) -> dict[str, Any]:
    """Return the values of a message with these frozen fields."""
    names = {"a": {"title": {}, **GoodsName(TEXT).as_json()}}
    run = SimpleNamespace(due_at=datetime(2018, 1, 5, tzinfo=UTC), evidence={"offer_names": names})
    campaign = SimpleNamespace(
        name="x",
        title=TEXT,
        purpose=Purpose.MARKETING,
        newsletter=None,
        from_partner=from_partner,
        sender=SimpleNamespace(partner=None),
        schedule=SimpleNamespace(zone=UTC),
    )
    context: Any = SimpleNamespace(
        run=run,
        number=1,
        campaign=campaign,
        settings=load_settings(ROOT / "config" / "settings.yaml"),
        signer=SimpleNamespace(link_token=lambda *_: "token"),
    )
    of = coupons or {}
    offers = [offer("a", "one", "4.95", of.get("a")), offer("b", "one", None, of.get("b")), offer("c", "two")]
    by_id = {offer.id: offer for offer in offers}
    contexts = TemplateContexts(context, lambda _: frozen, by_id, channel=channel, coupon_codes=codes)
    return contexts.build(CONTACT, position, None)


def test_offers_of_one_picture_do_not_stand_side_by_side() -> None:
    assert [offer["id"] for offer in values({"offers": ["a", "b", "gone", "c"]})["offers"]] == ["a", "c", "b"]
    assert [offer["id"] for offer in values({"offers": ["a", "b"]})["offers"]] == ["a", "b"]


def test_an_offer_leads_to_its_page_with_the_campaign_in_the_address() -> None:
    pages = [offer["url"] for offer in values({"offers": ["a", "c"]})["offers"]]
    assert pages == [
        "https://shop.example/a?utm_source=viesti&utm_medium=channel&utm_campaign=x&utm_content=a",
        None,
    ]


def test_an_offer_has_the_reason_that_the_plan_froze_for_it_in_words() -> None:
    shown = values({"offers": ["a", "b", "c"], "offer_reasons": ["o", "p", None]})["offers"]
    assert [offer["id"] for offer in shown] == ["a", "c", "b"]
    assert [offer["reason"] for offer in shown] == [
        "koska ostat usein tuoteryhmästä Kahvi",
        None,
        "suosittua juuri nyt",
    ]


def test_a_message_of_a_partner_has_no_reasons() -> None:
    shown = values({"offers": ["a", "b"], "offer_reasons": ["o", "p"]}, from_partner=True)["offers"]
    assert [offer["reason"] for offer in shown] == [None, None]


def test_an_offer_has_its_discount_from_its_prices() -> None:
    assert [offer["discount"] for offer in values({"offers": ["a", "c"]})["offers"]] == [Decimal("0.20"), None]


def test_the_store_is_that_of_the_frozen_fields() -> None:
    frozen = {"member_home_store": "s1", "store_store_id": "s1", "store_name": "Puoti", "store_url": None}
    known, unknown = values(frozen), values(dict.fromkeys(frozen))

    assert known["store"] == {"store_id": "s1", "name": "Puoti", "url": None}
    assert known["member"]["home_store"] == "s1"
    assert unknown["store"] is None
    assert values({})["store"] is None


def coupon_of(offer_id: str, **options: Any) -> dict[str, Any]:
    """Return the coupon of an offer in a message."""
    return next(
        offer["coupon"]
        for offer in values({"offers": ["a", "b", "c"]}, coupons=COUPONS, **options)["offers"]
        if offer["id"] == offer_id
    )


def test_each_message_has_a_code_of_its_own_and_always_the_same() -> None:
    codes = RunCoupons("run", ("a", "b", "c"), {"coffee": 1}, KEYS, 29).code
    first, again, other = (coupon_of("a", codes=codes, position=position)["code"] for position in (1, 1, 2))
    assert first == again != other
    assert first.startswith("2 9")


def test_an_offer_without_a_coupon_has_none_and_one_on_the_card_has_no_code() -> None:
    assert coupon_of("c") is None
    card = coupon_of("b")
    assert (card["kind"], card["code"], card["image"]) == ("card", None, None)
    assert card["valid_to"] == date(2018, 1, 31)


def test_a_preview_says_that_its_code_is_a_sample() -> None:
    assert coupon_of("a")["code"] == "NÄYTE 2 900000 000001"


def test_a_symbol_is_part_of_an_e_mail_a_drawing_in_a_letter_and_nothing_in_a_text() -> None:
    assert coupon_of("a")["image"] == "cid:coupon-a@viesti"
    assert coupon_of("a", channel=Channel.POST)["image"].startswith("<svg ")
    assert coupon_of("a", channel=Channel.SMS)["image"] is None


def test_a_run_without_the_key_of_its_codes_composes_nothing() -> None:
    run = SimpleNamespace(run_id="run", counts={"offer_ids": ["a"], "coupon_keys": {"coffee": 2}})
    settings = load_settings(ROOT / "config" / "settings.yaml")
    campaign = SimpleNamespace(variants=())
    context: Any = SimpleNamespace(run=run, settings=settings, campaign=campaign)
    with pytest.raises(UserError, match="key 2 is missing"):
        ComposerFactory(context, Any, {}, Any, KEYS).sms_composer()  # type: ignore[arg-type]
