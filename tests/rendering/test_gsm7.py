"""Encoding and segments of text messages (TW-01), and normalised characters (TW-02)."""

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

# GSM 03.38 as printed in the standard: 128 positions without the escape
TABLE_03_38 = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TABLE_EXTENDED = "^{}\\[~]|€\f"
ANY = st.text(st.sampled_from(TABLE_03_38 + TABLE_EXTENDED + "–šõ😀漢"), max_size=700)
FINNISH = st.text(st.sampled_from("abcåäöÅÄÖ éñü0123456789.,!?€"), max_size=400)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_tw01_the_table_of_encodings_and_segments_holds(case):
    size = sms_size("".join(character * count for character, count in case["text"]))
    assert (size.encoding.value, size.segments) == (case["encoding"], case["segments"])


def segments_by_filling(text: str) -> int:
    """Count naively: fill parts with characters until one does not fit."""
    is_gsm7 = all(character in TABLE_03_38 + TABLE_EXTENDED for character in text)
    single_limit, part_limit = (160, 153) if is_gsm7 else (70, 67)

    def cost(character: str) -> int:
        if is_gsm7:
            return 1 + (character in TABLE_EXTENDED)
        return len(character.encode("utf-16-be")) // 2

    if sum(map(cost, text)) <= single_limit:
        return int(bool(text))
    parts = [0]
    for character in text:
        if parts[-1] + cost(character) > part_limit:
            parts.append(0)
        parts[-1] += cost(character)
    return len(parts)


@given(ANY)
def test_segments_match_a_naive_count(text):
    assert sms_size(text).segments == segments_by_filling(text)


@given(ANY, ANY)
def test_more_text_never_costs_less(text, extra):
    assert sms_size(text + extra).segments >= sms_size(text).segments


@given(ANY)
def test_characters_outside_gsm7_force_ucs2(text):
    assert (sms_size(text).encoding is SmsEncoding.UCS2) == bool(characters_outside_gsm7(text))
    assert sms_size("".join(c for c in text if c not in characters_outside_gsm7(text))).encoding is SmsEncoding.GSM7


@given(st.text(max_size=200))
def test_normalising_is_idempotent(text):
    assert normalise(normalise(text)) == normalise(text)


@given(FINNISH)
def test_finnish_and_swedish_text_is_unchanged(text):
    assert normalise(text) == text
    assert sms_size(text).encoding is SmsEncoding.GSM7


@pytest.mark.parametrize(
    ("text", "normalised"),
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
def test_punctuation_is_normalised_and_names_are_kept(text, normalised):
    assert normalise(text) == normalised


@pytest.mark.parametrize("language", Language)
def test_a_price_stays_in_gsm7(language):
    price = template_filters(language, "EUR")["money"](Decimal("1234.50"))
    assert sms_size(normalise(price)).encoding is SmsEncoding.GSM7
