"""Offers of the example workspace: products in the data, existing images, enough of them on every day."""

from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import pytest
from PIL import Image

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Language
from campaigns.core.model.offer import Offer
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.paths import Workspace
from tests.support.named_goods import named_values


@pytest.fixture(scope="module")
def offers(repository: Workspace, catalogue: Catalogue) -> tuple[Offer, ...]:
    return load_offers(repository.offers, catalogue)


def test_there_are_enough_offers(offers: tuple[Offer, ...]) -> None:
    beauty = Counter(offer.brand for offer in offers if offer.department in {"COSMETICS", "DRUG GM"})
    assert len(offers) >= 150
    assert beauty.total() >= 45
    assert min(beauty["National"], beauty["Private"]) >= 15
    assert sum(offer.reduced for offer in offers) >= 60


@pytest.mark.parametrize("day", range(1, 13))
def test_each_day_of_the_demonstration_has_offers(offers: tuple[Offer, ...], day: int) -> None:
    valid = [offer for offer in offers if offer.valid_from <= date(2018, 1, day) <= offer.valid_to]
    assert sum(offer.department in {"COSMETICS", "DRUG GM"} for offer in valid) >= 45
    assert sum(offer.department in {"MEAT", "MEAT-PCKGD", "SEAFOOD"} for offer in valid) >= 20
    assert sum(offer.product_category in {"CHEESE", "CHEESES"} for offer in valid) >= 5


def test_every_offer_is_for_products_in_the_data(offers: tuple[Offer, ...], data: duckdb.DuckDBPyConnection) -> None:
    sold = set(data.execute("select department, product_category, product_type, brand from products").fetchall())
    unknown = [
        offer.id
        for offer in offers
        if (offer.department, offer.product_category, offer.product_type, offer.brand) not in sold
    ]
    assert unknown == []


def test_no_offer_is_for_special_or_restricted_products(offers: tuple[Offer, ...], catalogue: Catalogue) -> None:
    products = catalogue.tables["products"]
    for offer in offers:
        for rows in map(named_values, (products.special_when.values(), products.restricted_when.values())):
            assert not [column for column, values in rows.items() if getattr(offer, column) in values], offer.id


def test_every_text_differs_in_each_language(offers: tuple[Offer, ...]) -> None:
    for offer in offers:
        assert len(set(offer.text.by_language().values())) == len(Language), offer.id
        assert all(text == text.strip() and len(text) <= 90 for text in offer.text.by_language().values()), offer.id
        assert all(len(title) <= 60 for title in offer.title.by_language().values()), offer.id


def test_every_image_exists_and_is_used(offers: tuple[Offer, ...], repository: Workspace) -> None:
    images = {f"offers/{path.name}" for path in (repository.images / "offers").glob("*.png")}
    assert {offer.image for offer in offers} == images
    drawings = {path.stem for path in (repository.root / "tools" / "offers").glob("*.svg")}
    assert drawings == {Path(name).stem for name in images}


def test_images_are_small_enough_for_an_email(repository: Workspace) -> None:
    for path in (repository.images / "offers").glob("*.png"):
        assert path.stat().st_size < 14_000, path.name
        with Image.open(path) as image:
            assert image.size == (720, 480), path.name
