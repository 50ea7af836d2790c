"""An offer of single products is shown only if the register knows them all, and none is special or restricted."""

import pytest

from campaigns.core.model.offer import Offer


@pytest.mark.parametrize(
    ("products", "obstacle"),
    [
        (("COFFEE",), None),
        (("COFFEE", "BEER"), "restricted_offer"),
        (("COFFEE", "PHARMACY"), "special_offer"),
        (("COFFEE", "nothing"), "unknown_goods"),
    ],
)
def test_every_product_of_an_offer_is_looked_at(workspace, products: tuple[str, ...], obstacle: str | None) -> None:
    repository = workspace.engine.context.repository
    coffee = next(offer for offer in repository.offers if offer.id == "coffee-a")
    offer = Offer.model_validate(coffee.model_dump() | {"products": products})
    assert repository.goods_protection.offer_goods.obstacle(offer) == obstacle


@pytest.mark.parametrize(
    ("products", "hint"),
    [
        (("COFFEE", "nothing", "none"), "`nothing`, `none`: write ids of the register, or import the products first"),
        (("COFFEE", "BEER"), "leave out `BEER`"),
    ],
)
def test_a_product_that_is_never_offered_is_named_at_its_list(workspace, products: tuple[str, ...], hint: str) -> None:
    repository = workspace.engine.context.repository
    offers_file = repository.workspace.offers
    offer = repository.offers[0].model_copy(update={"products": products})
    offers_file.write_text(f"offers:\n{_as_yaml(repository.offers[1], ())}{_as_yaml(offer, products)}")
    [warning] = repository.goods_protection.offer_goods.warnings([repository.offers[1], offer], offers_file)
    lines = offers_file.read_text().splitlines()
    assert lines[warning.place.line - 1].strip().startswith("products:")
    assert (warning.hint, f"`{offer.id}`" in warning.message) == (hint, True)


def _as_yaml(offer: Offer, products: tuple[str, ...]) -> str:
    return f"- id: {offer.id}\n  product_category: {offer.product_category}\n  products: {list(products)}\n"


def test_no_offer_of_products_is_shown_without_the_register_at_hand(workspace) -> None:
    repository = workspace.engine.context.repository
    goods = repository.goods_protection.offer_goods
    offer = Offer.model_validate(repository.offers[0].model_dump() | {"products": ("COFFEE",)})
    assert type(goods)(goods.catalogue, goods.kinds).obstacle(offer) == "unknown_goods"
