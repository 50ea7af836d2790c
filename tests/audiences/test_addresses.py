"""Normalise addresses, and refuse those that are none."""

from typing import Final

import pytest

from audiences.addresses import address_key, normalise_email, normalise_phone
from audiences.imports.postal_codes import has_lost_zeros, with_zeros
from campaigns.core.model.postal_code_forms import normalise_postal_code

EMAILS = [
    ("Aino.Virta@Example.ORG", "Aino.Virta@example.org"),
    ("user@näköala.fi", "user@xn--nkala-gra1k.fi"),
    ("käyttäjä@example.org", None),
    ("no-domain@", None),
    ("two@@example.org", None),
    ("a@b", None),
    ("a b@example.org", None),
    ("a@example.org\nBcc: b@example.org", None),
    (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    (f"{'a' * 65}@example.org", None),
]

HOMES: Final = (
    (
        "Mannerheimintie 12 A 4",
        "mannerheimintie 12 a 4",
        "Mannerheimint. 12 A 4",
        "Mannerheimintie 12, A 4",
        "Mannerheimintie 12A4",
        "MANNERHEIMINTIE  12 A 004",
    ),
    ("Mannerheimintie 12 A 14",),
    (
        "Mannerheimintie 12 as 4",
        "Mannerheimintie 12, as. 4",
        "Mannerheimintie 12 asunto 4",
    ),
    (
        "Mannerheimintie 12 B 4",
        "Mannerheimintie 12 B as 4",
    ),
    ("Mannerheimintie 12",),
    ("Mannerheimintie 12 A",),
    (
        "Mannerheimintie 12-14 A 4",
        "Mannerheimintie 12 – 14 A 4",
    ),
    (
        "Storgatan 3 B lgh 5",
        "Storg. 3 b bost. 5",
        "Storgatan 3 B 5",
    ),
    (
        "Hämeenkatu 5",
        "Hämeenk. 5",
        "HÄMEENKATU 5",
    ),
    ("Hameenkatu 5",),
    (
        "3. linja 7 A 2",
        "3 linja 7 a as 2",
    ),
    ("4. linja 7 A 2",),
    (
        "PL 67",
        "pl. 67",
    ),
    ("Etelä-Esplanadi 4", "etelä esplanadi 4"),
    ("Kirkonkylä",),
)
"""Spellings of one home per row; every row is another home."""


@pytest.mark.parametrize(("text", "expected"), EMAILS)
def test_e03_e05_email_address_is_normalised_or_refused(text: str, expected: str | None) -> None:
    assert normalise_email(text) == expected


PHONES = [
    ("040 123 4567", "+358401234567"),
    ("045-123 4567", "+358451234567"),
    ("+358 40 1234567", "+358401234567"),
    ("00358401234567", "+358401234567"),
    ("050 512 345", "+35850512345"),
    ("09 123 4567", "+35891234567"),
    ("+372 5123 4567", "+37251234567"),
    ("+46 70 123 45 67", "+46701234567"),
    ("+358401234", None),
    ("010 765 859", None),
    ("0600 123 456", None),
    ("0800 123 456", None),
    ("112", None),
    ("040 123 4567 ext. 3", None),
    ("=1+1", None),
    ("call me", None),
]


@pytest.mark.parametrize(("text", "expected"), PHONES)
def test_tw04_phone_number_is_normalised_or_refused(text: str, expected: str | None) -> None:
    assert normalise_phone(text) == expected


@pytest.mark.parametrize(("text", "valid"), [("00100", True), ("100", False), ("FI-00100", False), ("٠٠١٠٠", False)])
def test_pr01_postal_code_has_five_digits(text: str, valid: bool) -> None:
    assert normalise_postal_code(text, "FI") == (text if valid else None)


@pytest.mark.parametrize(
    ("country", "text", "expected"),
    [
        ("NO", "0150", "0150"),
        ("NO", "00150", None),
        ("DK", "2100", "2100"),
        ("SE", "123 45", "12345"),
        ("SE", "12345", "12345"),
        ("FI", "001 00", None),
        ("EE", "10111", "10111"),
        ("LV", "1010", "LV-1010"),
        ("LV", "LV-1010", "LV-1010"),
        ("LT", "01100", "LT-01100"),
        ("LT", "LV-01100", None),
        ("DE", "10115", "10115"),
    ],
)
def test_each_country_has_postal_codes_of_its_own(country: str, text: str, expected: str | None) -> None:
    assert normalise_postal_code(text, country) == expected


@pytest.mark.parametrize(
    ("country", "code", "whole"),
    [("FI", "100", "00100"), ("FI", "2600", "02600"), ("NO", "150", "0150"), ("NO", "15", None), ("SE", "1234", None)],
)
def test_zeros_are_put_back_where_codes_of_the_country_begin_with_them(
    country: str, code: str, whole: str | None
) -> None:
    assert (with_zeros(code, country) if has_lost_zeros(code, country) else None) == whole


@pytest.mark.parametrize(
    ("country", "text", "expected"),
    [
        ("NO", "412 34 567", "+4741234567"),
        ("SE", "070-123 45 67", "+46701234567"),
        ("FI", "412 34 567", "+35841234567"),
    ],
)
def test_number_without_a_country_code_is_one_of_the_workspace_country(country: str, text: str, expected: str) -> None:
    assert normalise_phone(text, country) == expected


@pytest.mark.parametrize(
    "street", ["Katu 12 A 4", "katu 12a 4", "KATU 12 A as. 4", "Katu 12, A, bost. 4", " Katu 12 A4 "]
)
def test_pr07_spellings_of_one_letter_box_share_a_key(street: str) -> None:
    assert address_key(street, "00100") == "katu 12 a 4|00100"


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home[0])
def test_pr07_spellings_of_one_home_share_a_key(home: tuple[str, ...]) -> None:
    assert len({address_key(street, "00100") for street in home}) == 1


def test_pr07_different_homes_have_different_keys() -> None:
    keys = [address_key(home[0], "00100") for home in HOMES]
    assert len(set(keys)) == len(HOMES)


def test_pr07_same_street_under_another_postal_code_is_another_home() -> None:
    assert address_key("Kirkkokatu 1", "00100") != address_key("Kirkkokatu 1", "20100")


@pytest.mark.parametrize("street", ["Katu 12 A 14", "Katu 1 2 A 4", "Katu 12 B 4", "Katu 12"])
def test_pr07_neighbours_have_different_keys(street: str) -> None:
    assert address_key(street, "00100") != "katu 12 a 4|00100"


def test_incomplete_address_has_no_key() -> None:
    assert address_key("Katu 1", None) is None
    assert address_key(None, "00100") is None
