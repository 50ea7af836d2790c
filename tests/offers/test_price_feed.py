"""Price feeds: valid rows become the offers file, invalid rows are reported."""

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


def feed_row(offer: Offer) -> dict[str, str]:
    """Return an offer as a row of a feed."""
    values = offer.model_dump(mode="json", exclude_none=True)
    flat: dict[str, str] = {}
    for name, value in values.items():
        for language, text in value.items() if isinstance(value, dict) else [("", value)]:
            flat[f"{name}_{language}" if language else name] = str(text)
    return flat


def write_feed(path: Path, rows: list[dict[str, str]], separator: str = ";") -> Path:
    """Write a CSV file of rows."""
    lines = [separator.join(PRICE_FEED_COLUMNS)]
    lines += [separator.join(f'"{row.get(name, "")}"' for name in PRICE_FEED_COLUMNS) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";"])
def test_every_example_offer_survives_a_price_feed_unchanged(tmp_path: Path, separator: str) -> None:
    result = read_price_feed(
        write_feed(tmp_path / "feed.csv", [feed_row(offer) for offer in OFFERS], separator), CATALOGUE
    )
    write_offers_file(result.offers, tmp_path / "offers.yaml", CATALOGUE)
    assert result.problems == ()
    assert set(load_offers(tmp_path / "offers.yaml", CATALOGUE)) == set(OFFERS)


def test_an_invalid_row_is_reported_with_its_line_and_valid_rows_are_kept(tmp_path: Path) -> None:
    good, unpriced, duplicate = (feed_row(offer) for offer in OFFERS[:3])
    unpriced["price"] = "cheap"
    duplicate["id"] = good["id"]
    result = read_price_feed(write_feed(tmp_path / "feed.csv", [good, unpriced, duplicate]), CATALOGUE)
    assert [offer.id for offer in result.offers] == [good["id"]]
    assert {problem.place.line for problem in result.problems} == {3, 4}
    assert result.write_rejects(tmp_path / "rejects.csv")
    assert (tmp_path / "rejects.csv").read_text("utf-8").startswith("line,column,reason")


def test_restricted_products_in_a_feed_are_rejected(tmp_path: Path) -> None:
    spirits = feed_row(OFFERS[0]) | {"department": "SPIRITS"}
    result = read_price_feed(write_feed(tmp_path / "feed.csv", [spirits]), CATALOGUE)
    assert (result.offers, [problem.code for problem in result.problems]) == ((), ["restricted_offer"])


def test_a_wrong_header_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("id,pris\n", "utf-8")
    with pytest.raises(UserError) as raised:
        read_price_feed(path, CATALOGUE)
    codes = {problem.code for problem in raised.value.problems}
    assert codes == {"missing_column", "unknown_column"}


HOSTILE_NUMBERS = {
    "not_a_number": "NaN",
    "signalling": "sNaN",
    "infinite": "Infinity",
    "a_thousand_million_digits": "1e999999999",
    "as_many_decimals": "1e-999999999",
    "digits_without_end": "9" * 5000,
}


@pytest.mark.hostile
@pytest.mark.parametrize("column", ["price", "lowest_price_30d", "weight"])
@pytest.mark.parametrize("number", HOSTILE_NUMBERS.values(), ids=HOSTILE_NUMBERS)
def test_a_hostile_number_rejects_its_row_alone(tmp_path: Path, column: str, number: str) -> None:
    good, hostile = feed_row(OFFERS[0]), feed_row(OFFERS[1]) | {column: number}
    result = read_price_feed(write_feed(tmp_path / "feed.csv", [good, hostile]), CATALOGUE)
    assert [offer.id for offer in result.offers] == [good["id"]]
    assert [problem.place.line for problem in result.problems] == [3]


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (",".join(PRICE_FEED_COLUMNS) + "\n" + "x" * 200_000, "field_too_long", 2),
        ("x" * 200_000, "field_too_long", 1),
        ("," * 1_000_000, "too_many_columns", 1),
    ],
    ids=["endless_field", "endless_name", "million_columns"],
)
def test_a_hostile_feed_is_one_located_problem(tmp_path: Path, content: str, code: str, line: int) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(UserError) as raised:
        read_price_feed(path, CATALOGUE)
    assert [(problem.code, problem.place.line) for problem in raised.value.problems] == [(code, line)]
    assert all(problem.hint for problem in raised.value.problems)


@pytest.mark.hostile
@pytest.mark.parametrize("column", ["title_fi", "brand", "product_category_sv"])
@pytest.mark.parametrize(
    "character", ["\x01", "\x7f", "\x85", "\ufffe"], ids=["start", "delete", "next_line", "no_character"]
)
def test_a_character_that_yaml_cannot_hold_rejects_its_row_alone(tmp_path: Path, column: str, character: str) -> None:
    labels = {f"product_category_{language}": "kahvi" for language in ("fi", "sv", "en")}
    good, hostile = (feed_row(offer) | labels for offer in OFFERS[:2])
    hostile[column] = f"a{character}b"
    result = read_price_feed(write_feed(tmp_path / "feed.csv", [good, hostile]), CATALOGUE)
    assert [offer.id for offer in result.offers] == [good["id"]]
    assert [(problem.code, problem.place.line) for problem in result.problems] == [("control_character", 3)]
    assert character not in str(result.labels)
