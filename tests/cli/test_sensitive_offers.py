"""Offers of sensitive goods, or of goods that nobody knows, are never sent, however they are written (FI-12, FI-21)."""

import pytest

from tests.support.finnish_register import (
    AS_OF,
    CATEGORIES,
    OFFERS_FOR_OWNERS,
    change_catalogue,
    import_register,
    offer,
    write_offers,
    write_products,
)
from tests.support.shell import Shell


@pytest.mark.hostile
def test_planned_run_is_not_sent_after_the_register_was_renamed(protected: Shell) -> None:
    run = protected("plan", "offers", "--as-of", AS_OF, "--json").json["run"]
    import_register(protected, BEER="MALLASJUOMAT")
    assert "`mild_alcohol` is not protected" in protected("send", run, code=1).err
    assert protected.delivered_files() == []


LAGERS = {
    "by its category": {"product_category": "OLUT"},
    "in small letters": {"product_category": "olut"},
    "by its type": {"product_category": "JUOMAT", "product_type": "LAGER"},
    "by its department": {"department": "ALKO", "product_category": "TARJOUS"},
    "by its brand": {"brand": "Karhu"},
}


@pytest.mark.hostile
@pytest.mark.parametrize("values", LAGERS.values(), ids=LAGERS)
def test_fi21_offer_of_beer_is_refused_wherever_the_catalogue_names_it(
    protected: Shell, values: dict[str, str]
) -> None:
    goods = "{product_category: [OLUT], product_type: [Lager], department: [Alko], brand: [KARHU]}"
    change_catalogue(protected, mild_alcohol=goods)
    write_offers(protected, offer("coffee-a"), offer("lager", **values))
    for arguments in (("check", "offers"), ("plan", "offers", "--as-of", AS_OF), ("publish", "offers")):
        assert "is restricted in the catalogue and is never offered" in protected(*arguments, code=1).err


@pytest.mark.hostile
def test_fi21_price_feed_does_not_bring_beer_nor_unknown_goods_into_the_offers(protected: Shell) -> None:
    texts = "title_fi;title_sv;title_en;text_fi;text_sv;text_en"
    header = f"id;{texts};price;valid_from;valid_to;department;product_category;image"
    feed = protected.root / "feed.csv"
    rows = [
        f"{name};x;x;x;x;x;x;1.00;2017-12-20;2018-01-31;FOOD;{category};o/any.png"
        for name, category in (("coffee", "KAHVI"), ("lager", "OLUT"), ("pils", "olut "), ("cider", "SIIDERI"))
    ]
    feed.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    assert "\n4 rows: 1 stored, 0 unchanged, 3 rejected\n" in protected("import", "offers", feed).out
    rejects = (protected.root / "data" / "rejects" / "offers-feed.csv").read_text("utf-8")
    assert rejects.count("restricted in the catalogue") == 2
    assert "5,product_category,the product register has no such goods" in rejects
    assert "lager" not in (protected.root / "config" / "offers.yaml").read_text("utf-8")


UNSHOWN = {
    "a category that the register does not have": ({"product_category": "SIIDERI"}, "has no such goods"),
    "a type that the register does not have": ({"product_type": "LAGER"}, "has no such goods"),
    "a department that the category is not in": ({"department": "ALKO"}, "has no such goods"),
    "a category with sensitive types, and no type": ({"product_category": "JUOMAT"}, "are special or restricted"),
}


@pytest.mark.hostile
@pytest.mark.parametrize(("values", "reason"), UNSHOWN.values(), ids=UNSHOWN)
def test_offer_of_goods_that_nobody_knows_is_not_shown_but_counted(
    protected: Shell, values: dict[str, str], reason: str
) -> None:
    change_catalogue(protected, mild_alcohol="{product_category: [OLUT], product_type: [PILS]}")
    drinks = [{"product_id": name, "product_category": "JUOMAT", "product_type": name} for name in ("PILS", "LIMONADI")]
    protected("import", "products", write_products(protected.root / "drinks.csv", drinks))
    write_offers(protected, offer("coffee-a"), offer("lager", **values))
    message = protected("check", "offers").err
    assert "1 offer is not shown" in message
    assert reason in message
    assert "`lager`" in message
    protected("run", "offers", "--as-of", AS_OF)
    mails = [path.read_text("utf-8") for path in protected.delivered_files()]
    assert len(mails) > 10
    assert not [mail for mail in mails if "lager" in mail]
    assert all("coffee-a" in mail for mail in mails if "Subject" in mail)


@pytest.mark.hostile
def test_fi21_no_owner_is_offered_lager_by_a_catalogue_that_names_it_later(protected: Shell) -> None:
    """143 of 531 letters advertised lager: an offer that was planned is not sent once its goods are named."""
    change_catalogue(protected, mild_alcohol="{product_category: [OLUT], product_type: [PILS]}")
    drinks = [{"product_id": name, "product_category": name, "product_type": name} for name in ("PILS", "LAGER")]
    protected("import", "products", write_products(protected.root / "drinks.csv", drinks))
    write_offers(protected, offer("coffee-a"), offer("lager", product_category="LAGER"))
    run = protected("plan", "offers", "--as-of", AS_OF, "--json").json["run"]
    change_catalogue(protected, mild_alcohol="{product_category: [OLUT, LAGER]}")
    assert "never offered" in protected("send", run, code=1).err
    assert protected.delivered_files() == []


@pytest.mark.hostile
@pytest.mark.parametrize("category", sorted(set(CATEGORIES) & {"BEER", "PHARMACY"}))
def test_campaign_that_asks_for_offers_of_sensitive_goods_is_refused(protected: Shell, category: str) -> None:
    wish = f"offers: {{product_category: [{CATEGORIES[category].lower()}], at_most: 4}}"
    protected.write("offers", OFFERS_FOR_OWNERS.replace("offers: {at_most: 4}", wish))
    assert "never offered" in protected("check", "offers", code=1).err
