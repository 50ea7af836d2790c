"""A text message costs what TW-01 says, and a price does not triple it (TW-02)."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.enums import Language
from campaigns.core.yaml.source import parse_yaml
from campaigns.rendering.sms.gsm7 import SmsEncoding, characters_outside_gsm7, normalise, sms_size
from campaigns.rendering.templates.filters import template_filters

TABLE = Path(__file__).with_name("gsm_segments.yaml")
CASES = parse_yaml(b"cases:\n" + TABLE.read_bytes().replace(b"\n- ", b"\n  - "), TABLE.name).value["cases"]

# GSM 03.38 as it is printed in the standard: 128 places, the escape left out
TABLE_03_38 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TABLE_EXTENDED = "^{}\\[~]|€\f"
ANY = st.text(st.sampled_from(TABLE_03_38 + TABLE_EXTENDED + "–šõ😀漢"), max_size=700)
FINNISH = st.text(st.sampled_from("abcåäöÅÄÖ éñü0123456789.,!?€"), max_size=400)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_table_of_the_requirement(case):
    measured = sms_size("".join(what * times for what, times in case["text"]))
    assert (measured.encoding.value, measured.segments) == (case["encoding"], case["segments"])


def segments_by_hand(text: str) -> int:
    """The plain way: put characters into parts until one does not fit."""
    plain = all(character in TABLE_03_38 + TABLE_EXTENDED for character in text)
    alone, joined = (160, 153) if plain else (70, 67)

    def cost(character: str) -> int:
        if plain:
            return 1 + (character in TABLE_EXTENDED)
        return len(character.encode("utf-16-be")) // 2

    if sum(map(cost, text)) <= alone:
        return int(bool(text))
    parts = [0]
    for character in text:
        if parts[-1] + cost(character) > joined:
            parts.append(0)
        parts[-1] += cost(character)
    return len(parts)


@given(ANY)
def test_segments_are_those_of_the_plain_way(text):
    assert sms_size(text).segments == segments_by_hand(text)


@given(ANY, ANY)
def test_more_text_never_costs_less(text, more):
    assert sms_size(text + more).segments >= sms_size(text).segments


@given(ANY)
def test_foreign_characters_are_what_forces_the_wide_encoding(text):
    assert (sms_size(text).encoding is SmsEncoding.UCS2) == bool(characters_outside_gsm7(text))
    assert sms_size("".join(c for c in text if c not in characters_outside_gsm7(text))).encoding is SmsEncoding.GSM7


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing_more(text):
    assert normalise(normalise(text)) == normalise(text)


@given(FINNISH)
def test_finnish_and_swedish_text_is_left_as_it_is(text):
    assert normalise(text) == text
    assert sms_size(text).encoding is SmsEncoding.GSM7


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("1\u00a0234,50\u00a0€", "1 234,50 €"),
        ("10\u202f%", "10 %"),
        ("−20 – 30 — 40", "-20 - 30 - 40"),
        ("”juhla” “x” „y“ »z«", '"juhla" "x" "y" "z"'),
        ("Åsa’s ‘x’", "Åsa's 'x'"),
        ("odota…", "odota..."),
        ("a\u200bb\u00adc\ufeffd", "abcd"),
        ("a\r\nb\u2028c", "a\nb\nc"),
        ("a\u0308itiys", "äitiys"),
        ("Šárka", "Šárka"),
    ],
)
def test_signs_are_made_plain_and_names_are_not(written, sent):
    assert normalise(written) == sent


@pytest.mark.parametrize("language", Language)
def test_a_price_stays_in_the_cheap_alphabet(language):
    price = template_filters(language, "EUR")["money"](Decimal("1234.50"))
    assert sms_size(normalise(price)).encoding is SmsEncoding.GSM7
