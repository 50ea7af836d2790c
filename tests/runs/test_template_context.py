"""Values of a message: its offers in an order without a picture beside itself, their discounts, the member's store."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.rendering.offer_reason_text import GoodsName
from campaigns.runs.composing.template_context import TemplateContexts
from campaigns.workspace.settings_file import load_settings
from tests.support.docs_pages import ROOT

TEXT = Localised(fi="Kahvi", sv="Kaffe", en="Coffee")
CONTACT = dict.fromkeys(("first_name", "last_name", "street", "postal_code", "city", "register")) | {"language": "fi"}


def offer(id_: str, image: str, lowest: str | None = None) -> Offer:
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
    )


def values(frozen: dict[str, Any], *, from_partner: bool = False) -> dict[str, Any]:
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
    offers = [offer("a", "one", "4.95"), offer("b", "one"), offer("c", "two")]
    by_id = {offer.id: offer for offer in offers}
    return TemplateContexts(context, lambda _: frozen, by_id, channel=Channel.EMAIL).build(CONTACT, 1, None)


def test_offers_of_one_picture_do_not_stand_side_by_side() -> None:
    assert [offer["id"] for offer in values({"offers": ["a", "b", "gone", "c"]})["offers"]] == ["a", "c", "b"]
    assert [offer["id"] for offer in values({"offers": ["a", "b"]})["offers"]] == ["a", "b"]


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
