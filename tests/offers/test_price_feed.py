"""Price feeds: valid rows become the offers file, invalid rows are reported."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audiences.imports.mapping import ImportMapping, load_mapping
from campaigns.core.errors import UserError
from campaigns.core.model.offer import Offer
from campaigns.offers.price_feed import read_price_feed, write_offers_file
from campaigns.offers.price_feed_rows import PRICE_FEED_COLUMNS
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
        if value == []:
            continue
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
    assert (
        (tmp_path / "rejects.csv").read_text("utf-8").startswith("line,column,reason\n3,price,a number is needed here")
    )


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
        ("x" * 2_000_000, "line_too_long", 1),
        ("," * 1_000_000, "too_many_columns", 1),
    ],
    ids=["endless_name", "million_columns"],
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


def mapped(tmp_path: Path, **keys: object) -> ImportMapping:
    """Return a mapping of a Finnish feed."""
    columns = {"Tuotekoodi": "id", "Hinta": "price", "Alkaa": "valid_from", "Kuva": "image"}
    content = {"columns": columns, "dates": {"valid_from": "d.M.yyyy"}, **keys}
    (tmp_path / "mapping.yaml").write_text(json.dumps(content), "utf-8")
    return load_mapping(tmp_path / "mapping.yaml")


def finnish_feed(offer: Offer) -> str:
    """Return a feed as a Finnish system writes it."""
    theirs = {"id": "Tuotekoodi", "price": "Hinta", "valid_from": "Alkaa", "image": "Kuva"}
    row = feed_row(offer) | {"price": "1 234,50 €", "lowest_price_30d": "1 500,00", "valid_from": "28.12.2017"}
    header = ";".join(theirs.get(name, name) for name in row)
    return f"{header};Huomautus\n{';'.join(row.values())};ei lueta\n"


def test_a_feed_of_another_system_is_read_through_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "hinnasto.csv"
    path.write_bytes(finnish_feed(OFFERS[0]).encode("cp1252"))
    feed = read_price_feed(path, CATALOGUE, mapping=mapped(tmp_path, decimal=",", ignore=["Huomautus"]))
    assert feed.problems == ()
    assert feed.description == "CSV in Windows-1252, separated by semicolons"
    assert [(offer.id, offer.price, offer.valid_from) for offer in feed.offers] == [
        (OFFERS[0].id, Decimal("1234.50"), date(2017, 12, 28))
    ]


def test_a_feed_says_what_it_is_when_it_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "hinnasto.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    with pytest.raises(UserError, match="it is a picture"):
        read_price_feed(tmp_path / "hinnasto.csv", CATALOGUE)


def test_a_parquet_feed_is_read_as_csv_is(tmp_path: Path) -> None:
    rows = [feed_row(offer) for offer in OFFERS[:3]]
    columns = {name: [row.get(name) for row in rows] for name in PRICE_FEED_COLUMNS}
    pq.write_table(pa.table(columns, pa.schema([(name, pa.string()) for name in columns])), tmp_path / "feed.parquet")
    assert read_price_feed(tmp_path / "feed.parquet", CATALOGUE).offers == OFFERS[:3]


def test_reasons_of_rejected_offers_are_counted(tmp_path: Path) -> None:
    good, first, second = (feed_row(offer) for offer in OFFERS[:3])
    first["price"] = second["price"] = "cheap"
    [reason] = read_price_feed(write_feed(tmp_path / "feed.csv", [good, first, second]), CATALOGUE).reasons
    assert str(reason) == "2 rows, `price`: a number is needed here (first in line 3)"


def test_a_feed_brings_products_addresses_and_coupons(tmp_path: Path) -> None:
    coupon = {"coupon_kind": "code", "coupon_format": "ean13", "coupon_pool": "coffee"}
    columns = {"products": " 1029743  1029744 ", "url": "https://shop.example/coffee"} | coupon
    row = {name: text for name, text in feed_row(OFFERS[0]).items() if not name.startswith("coupon")} | columns
    [offer] = read_price_feed(write_feed(tmp_path / "feed.csv", [row]), CATALOGUE).offers
    assert (offer.products, offer.url) == (("1029743", "1029744"), "https://shop.example/coffee")
    assert offer.coupon is not None
    assert offer.coupon.model_dump(mode="json") == {"kind": "code", "format": "ean13", "pool": "coffee"}
    write_offers_file([offer], tmp_path / "offers.yaml", CATALOGUE)
    assert load_offers(tmp_path / "offers.yaml", CATALOGUE, ("shop.example",)) == (offer,)


BAD_CELLS = {
    "an address elsewhere": ({"url": "https://shop.example.evil.test/"}, "url", "is none of the sites"),
    "an address without encryption": ({"url": "http://shop.example/"}, "url", "is written with `https://`"),
    "a code without a pool": ({"coupon_kind": "code", "coupon_format": "qr"}, "coupon_kind", "a `format` and a `pool`"),
    "a coupon of no kind": ({"coupon_kind": "bonus"}, "coupon_kind", "`bonus` is not a word"),
    "a pool in capitals": (
        {"coupon_kind": "code", "coupon_format": "qr", "coupon_pool": "Coffee"},
        "coupon_pool",
        "a pool has small letters",
    ),
    "a format without a kind": ({"coupon_format": "qr"}, "coupon_format", "`kind` is required"),
    "a product with a bell": ({"products": "10 11\u009b"}, "", "may not stand in `products`"),
    "another price on the same days": ({"price": "0.01"}, "price", "offers the same goods on the same days"),
}


@pytest.mark.parametrize(("cells", "column", "reason"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_a_bad_cell_rejects_its_row_alone(tmp_path: Path, cells: dict[str, str], column: str, reason: str) -> None:
    good = feed_row(OFFERS[0]) | {"url": "https://www.shop.example/cream"}
    bad = {name: text for name, text in good.items() if name != "lowest_price_30d"} | {"id": "other"} | cells
    feed = read_price_feed(write_feed(tmp_path / "feed.csv", [good, bad]), CATALOGUE, sites=("shop.example",))
    assert [offer.id for offer in feed.offers] == [good["id"]]
    assert feed.write_rejects(tmp_path / "rejects.csv")
    [head, *rejects] = (tmp_path / "rejects.csv").read_text("utf-8").splitlines()
    assert head == "line,column,reason"
    assert [line for line in rejects if reason in line and line.startswith(f"3,{column},")]


def test_no_address_is_ours_while_the_settings_name_no_site(tmp_path: Path) -> None:
    row = feed_row(OFFERS[0]) | {"url": "https://shop.example/cream"}
    [problem] = read_price_feed(write_feed(tmp_path / "feed.csv", [row]), CATALOGUE, sites=()).problems
    assert problem.message == "the settings name no site that offers lead to, and this one leads to `shop.example`"
    assert problem.hint == "`offer_sites: [shop.example]` in config/settings.yaml"
