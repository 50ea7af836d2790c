"""Search box of the desk: the form of a text says what it is looked for as."""

import pytest

from audiences.people.find_members import SearchField, SearchTerm, recognise

NUMBER, NAME, PHONE, EMAIL = SearchField.NUMBER, SearchField.NAME, SearchField.PHONE, SearchField.EMAIL


@pytest.mark.parametrize(
    ("typed", "term"),
    [
        ("m01", SearchTerm((NUMBER,), "m01")),
        (" 9999 9999 9999 9999 ", SearchTerm((NUMBER,), "9999 9999 9999 9999")),
        ("040 123 0001", SearchTerm((PHONE, NUMBER), "040 123 0001", phone="+358401230001")),
        ("+46 8 123 456 78", SearchTerm((PHONE, NUMBER), "+46 8 123 456 78", phone="+46812345678")),
        ("aino@example.org", SearchTerm((EMAIL,), "aino@example.org")),
        ("Anna Maria von Wright", SearchTerm((NAME,), "Anna Maria von Wright")),
        ("Anna Virtanen 00100", SearchTerm((NAME,), "Anna Virtanen", "00100")),
        ("00100 Virtanen, Anna", SearchTerm((NAME,), "Virtanen Anna", "00100")),
        ("Virtanen Anna FI-00100", SearchTerm((NAME,), "Virtanen Anna", "00100")),
        ("Anna\tVirtanen\n", SearchTerm((NAME,), "Anna Virtanen")),
        ("", SearchTerm((), "")),
        (",", SearchTerm((NUMBER,), ",")),
        ("m\u200b01", SearchTerm((), "m\u200b01")),
        ("x" * 300, SearchTerm((), "x" * 300)),
    ],
)
def test_the_form_of_a_text_says_what_it_is_looked_for_as(typed: str, term: SearchTerm) -> None:
    assert recognise(typed) == term
