"""Country and kind of telephone numbers, and the setting that lists the countries served."""

import pytest
from pydantic import TypeAdapter, ValidationError

from campaigns.core.model.phone_countries import CountryCode, phone_class, takes_text_messages

PAID: dict[str, str] = {
    "satellite +882": "+88213123456",
    "satellite +881": "+881612345678",
    "universal number +878": "+87812345678901",
    "Maldives": "+9607712345",
    "Seychelles": "+2482512345",
    "Jamaica": "+18765551234",
    "Somalia": "+252612345678",
    "United States": "+12025550123",
    "Guernsey, under +44": "+447781123456",
    "Sweden": "+46701234567",
    "Estonia": "+37251234567",
    "Finnish service number 020": "+35820123456",
    "Finnish premium rate 0600": "+358600123456",
    "Finnish premium rate 0700": "+35870012345",
    "Finnish authorities' 029": "+35829412345",
    "Finnish fixed line": "+35891234567",
    "not a number": "+1",
    "words": "number",
    "nothing": "",
}


@pytest.mark.hostile
@pytest.mark.parametrize("number", PAID.values(), ids=PAID.keys())
def test_numbers_of_other_countries_and_kinds_take_no_text_messages(number):
    assert not takes_text_messages(number, ("FI",))


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+358401234567", "FI"),
        ("+3584570000123", "FI"),
        ("+358501234567", "FI"),
        ("+46701234567", "SE"),
        ("+447400123456", "GB"),
        ("+12025550123", "US"),
        ("+4741234567", "NO"),
    ],
)
def test_mobile_numbers_of_a_served_country_take_text_messages(number, country):
    assert phone_class(number) == f"{country} mobile"
    assert takes_text_messages(number, (country,))


@pytest.mark.parametrize("number", ["+35818123456", "+3584573123456"])
def test_aland_counts_as_finland(number):
    assert phone_class(number).startswith("FI ")


@pytest.mark.parametrize("code", ["fi", "FIN", "XX", "001", "UK", "358", ""])
def test_a_wrong_country_code_is_refused(code):
    with pytest.raises(ValidationError, match="ISO 3166"):
        TypeAdapter(CountryCode).validate_python(code)


def test_the_code_of_aland_means_finland():
    assert TypeAdapter(CountryCode).validate_python("AX") == "FI"
