"""QR codes of letters: a sum of codes is the code made by itself, few are made, and drawings have their modules."""

import re

import segno
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.symbols import qr_code
from campaigns.rendering.symbols.qr_code import QrFamily, qr_drawing, qr_family, qr_modules

STEM = "https://viesti.lahde.example.org/p/"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
TOKENS = st.text(ALPHABET, min_size=32, max_size=32)
NEAR_TOKENS = st.text(ALPHABET, min_size=2, max_size=2).map(lambda ending: "AbCdEfGhIjKlMnOpQrStUvWxYz0123" + ending)
FAMILY = QrFamily(STEM, 32)


@given(TOKENS | NEAR_TOKENS)
def test_a_code_of_a_family_is_the_code_made_by_itself(token):
    assert FAMILY.modules(token) == qr_modules(STEM + token)


@given(st.text(max_size=40).filter(str.isprintable), st.text(st.characters(max_codepoint=127), min_size=1, max_size=6))
def test_a_code_has_the_modules_that_the_library_makes(stem, ending):
    matrix = segno.make(stem + "/" + ending, error="m", mode="byte", mask=2, boost_error=False, micro=False).matrix
    assert qr_modules(stem + "/" + ending) == b"".join(map(bytes, matrix))


def test_the_library_makes_no_more_codes_than_the_differing_bits_allow(monkeypatch):
    made = []
    monkeypatch.setattr(qr_code, "qr_modules", lambda text: made.append(text) or qr_modules(text))
    family, endings = QrFamily(STEM, 8), [first + second for first in ALPHABET for second in ALPHABET[::4]]
    assert len({family.modules(f"AbCdEf{ending}") for ending in endings}) == len(endings) == 1024
    assert len(made) <= 1 + 2 * 7  # one to begin with, and one for each bit of two characters


def test_links_of_other_stems_and_lengths_are_families_of_their_own():
    urls = [f"{STEM}AbC", f"{STEM}AbCd", f"{STEM}x/AbC", f"{STEM}Näe", "AbC", f"{STEM}AbD"]
    drawn = [qr_drawing(url) for url in urls]
    qr_family.cache_clear()
    assert drawn[::-1] == [qr_drawing(url) for url in reversed(urls)]
    assert len(set(drawn)) == len(urls)


def test_a_drawing_has_a_stroke_for_each_run_of_dark_modules():
    svg, modules = qr_drawing(STEM + "A" * 32), qr_modules(STEM + "A" * 32)
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    drawn = bytearray(side * side)
    for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", svg):
        begin = int(y) * side + int(x)
        drawn[begin : begin + int(length)] = b"\x01" * int(length)
    assert bytes(drawn) == modules
