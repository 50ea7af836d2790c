"""A price feed becomes the offers file, and loses no good row to a bad one."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.offer import Offer
from campaigns.offers.price_feed import PRICE_FEED_COLUMNS, read_price_feed, write_offers_file
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.offers_file import load_offers

ROOT = Path(__file__).parent.parent.parent
CATALOGUE = load_catalogue(ROOT / "config" / "catalogue.yaml")
OFFERS = load_offers(ROOT / "config" / "offers.yaml", CATALOGUE)


def row(offer: Offer) -> dict[str, str]:
    """An offer as a line of a feed."""
    values = offer.model_dump(mode="json", exclude_none=True)
    flat: dict[str, str] = {}
    for name, value in values.items():
        for language, text in value.items() if isinstance(value, dict) else [("", value)]:
            flat[f"{name}_{language}" if language else name] = str(text)
    return flat


def feed(path: Path, rows: list[dict[str, str]], separator: str = ";") -> Path:
    """A CSV file of rows."""
    lines = [separator.join(PRICE_FEED_COLUMNS)]
    lines += [separator.join(f'"{each.get(name, "")}"' for name in PRICE_FEED_COLUMNS) for each in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";"])
def test_every_offer_of_the_example_goes_through_a_feed_unchanged(tmp_path: Path, separator: str) -> None:
    found = read_price_feed(feed(tmp_path / "feed.csv", [row(offer) for offer in OFFERS], separator), CATALOGUE)
    write_offers_file(found.offers, tmp_path / "offers.yaml", CATALOGUE)
    assert found.problems == ()
    assert set(load_offers(tmp_path / "offers.yaml", CATALOGUE)) == set(OFFERS)


def test_a_row_that_is_no_offer_is_named_with_its_line_and_the_others_are_kept(tmp_path: Path) -> None:
    good, dear, twice = (row(offer) for offer in OFFERS[:3])
    dear["price"] = "cheap"
    twice["id"] = good["id"]
    found = read_price_feed(feed(tmp_path / "feed.csv", [good, dear, twice]), CATALOGUE)
    assert [offer.id for offer in found.offers] == [good["id"]]
    assert {problem.place.line for problem in found.problems} == {3, 4}
    assert found.write_rejects(tmp_path / "rejects.csv")
    assert (tmp_path / "rejects.csv").read_text("utf-8").startswith("line,column,reason")


def test_restricted_goods_in_a_feed_are_set_aside(tmp_path: Path) -> None:
    spirits = row(OFFERS[0]) | {"department": "SPIRITS"}
    found = read_price_feed(feed(tmp_path / "feed.csv", [spirits]), CATALOGUE)
    assert (found.offers, [problem.code for problem in found.problems]) == ((), ["restricted_offer"])


def test_a_wrong_header_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("id,pris\n", "utf-8")
    with pytest.raises(UserError) as refused:
        read_price_feed(path, CATALOGUE)
    codes = {problem.code for problem in refused.value.problems}
    assert codes == {"missing_column", "unknown_column"}
