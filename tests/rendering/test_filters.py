"""Template filters: money, numbers and dates in each language."""

from datetime import date
from decimal import Decimal

import pytest

from campaigns.core.model.enums import Language
from campaigns.rendering.templates.filters import template_filters

FI, SV, EN = Language.FI, Language.SV, Language.EN
FORMATTED = [
    ("money", (Decimal("1234.5"),), {FI: "1 234,50 €", SV: "1 234,50 €", EN: "€1,234.50"}),
    ("money", (Decimal("0.005"),), {FI: "0,00 €", SV: "0,00 €", EN: "€0.00"}),
    ("money", (5,), {FI: "5,00 €", SV: "5,00 €", EN: "€5.00"}),
    ("number", (Decimal("1234.5"),), {FI: "1 234,5", SV: "1 234,5", EN: "1,234.5"}),
    ("percent", (Decimal("0.25"),), {FI: "25 %", SV: "25 %", EN: "25%"}),
    ("date", (date(2018, 1, 8),), {FI: "8.1.2018", SV: "8.1.2018", EN: "8 Jan 2018"}),
    ("date", (date(2018, 1, 8), "long"), {FI: "8. tammikuuta 2018", SV: "8 januari 2018", EN: "8 January 2018"}),
    ("date", (date(2018, 1, 8), "weekday"), {FI: "ma 8.1.", SV: "mån 8.1", EN: "Mon 8 Jan"}),
    ("date", (date(2018, 1, 8), "month"), {FI: "tammikuu", SV: "januari", EN: "January"}),
    ("period", (date(2018, 1, 8), date(2018, 1, 8)), {FI: "8.1.2018", SV: "8.1.2018", EN: "8 Jan 2018"}),
    ("period", (date(2018, 1, 8), date(2018, 1, 14)), {FI: "8.–14.1.2018", SV: "8–14.1.2018", EN: "8–14 Jan 2018"}),
    ("period", (date(2018, 1, 29), date(2018, 2, 4)),
     {FI: "29.1.–4.2.2018", SV: "29.1–4.2.2018", EN: "29 Jan – 4 Feb 2018"}),
    ("period", (date(2017, 12, 28), date(2018, 1, 3)),
     {FI: "28.12.2017–3.1.2018", SV: "28.12.2017–3.1.2018", EN: "28 Dec 2017 – 3 Jan 2018"}),
    ("period", (date(2017, 1, 8), date(2018, 1, 8)),
     {FI: "8.1.2017–8.1.2018", SV: "8.1.2017–8.1.2018", EN: "8 Jan 2017 – 8 Jan 2018"}),
]  # fmt: skip


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("name", "arguments", "formatted"), FORMATTED)
def test_values_are_formatted_by_language(
    language: Language, name: str, arguments: tuple[object, ...], formatted: dict[Language, str]
) -> None:
    assert template_filters(language, "EUR")[name](*arguments).replace("\xa0", " ") == formatted[language]


def test_an_amount_and_its_currency_sign_never_break_across_lines() -> None:
    assert template_filters(Language.FI, "EUR")["money"](Decimal("3.95")) == "3,95\xa0€"


@pytest.mark.parametrize("name", ["money", "number", "percent"])
@pytest.mark.parametrize("value", [None, "5", 5.0, True, date(2018, 1, 8)])
def test_a_value_that_is_no_exact_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(TypeError, match="a number was wanted"):
        template_filters(Language.FI, "EUR")[name](value)


def test_a_clause_becomes_a_sentence_by_its_first_letter() -> None:
    assert (
        template_filters(Language.FI, "EUR")["sentence"]("äyriäisiä, koska Oma on Oma") == "Äyriäisiä, koska Oma on Oma"
    )
    with pytest.raises(TypeError, match="a text was wanted"):
        template_filters(Language.FI, "EUR")["sentence"](5)


@pytest.mark.parametrize("value", [None, "2018-01-08", 5])
def test_a_value_that_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="a date was wanted"):
        template_filters(Language.FI, "EUR")["date"](value)
    with pytest.raises(TypeError, match="a date was wanted"):
        template_filters(Language.FI, "EUR")["period"](value, date(2018, 1, 8))
