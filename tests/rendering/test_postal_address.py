"""Postal addresses: rows in postal form that fit the address window."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.enums import Language
from campaigns.core.yaml.source import read_yaml
from campaigns.rendering.letters.postal_address import MAX_ROWS, AddressProblem, PostalAddress

TABLE = read_yaml(Path(__file__).with_name("postal_addresses.yaml")).value
CASES = [
    (case["contact"], Language(language), tuple(rows))
    for case in TABLE["rows"]
    for language, rows in case.items()
    if language != "contact"
]


@pytest.mark.parametrize(("contact", "language", "rows"), CASES)
def test_a_contact_becomes_the_expected_address_rows(contact, language, rows):
    address = PostalAddress.from_contact(**contact, language=language)
    assert isinstance(address, PostalAddress)
    assert address.rows == rows
    assert address.postal_code == contact["postal_code"]


@pytest.mark.parametrize("case", TABLE["problems"], ids=lambda case: case["problem"])
def test_an_incomplete_contact_has_an_address_problem(case):
    assert PostalAddress.from_contact(**case["contact"], language=Language.FI) is AddressProblem(case["problem"])


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=30))
def test_any_contact_fits_the_address_window(first_name, last_name, street, city):
    address = PostalAddress.from_contact(
        first_name=first_name,
        last_name=last_name,
        street=street,
        postal_code="00100",
        city=city,
        language=Language.FI,
    )
    if isinstance(address, PostalAddress):
        assert 3 <= len(address.rows) <= MAX_ROWS
        assert address.rows[-1].startswith("00100 ")
        assert all(row == " ".join(row.split()) and row.isprintable() for row in address.rows)
