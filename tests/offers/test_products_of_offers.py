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


def test_no_offer_of_products_is_shown_without_the_register_at_hand(workspace) -> None:
    repository = workspace.engine.context.repository
    goods = repository.goods_protection.offer_goods
    offer = Offer.model_validate(repository.offers[0].model_dump() | {"products": ("COFFEE",)})
    assert type(goods)(goods.catalogue, goods.kinds).obstacle(offer) == "unknown_goods"
