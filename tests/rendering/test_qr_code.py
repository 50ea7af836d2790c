"""QR codes of letters: the same in a series as one by one, in the member's letter, and quick to make."""

import re

import segno
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.letters import qr_code
from campaigns.rendering.letters.qr_code import QrCodes, QrSeries, qr_modules

STEM = "https://viesti.lahde.example.org/p/"
TOKENS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=32, max_size=32)
SERIES = QrSeries(STEM, 32)


@given(TOKENS)
def test_a_code_of_a_series_is_the_code_made_by_itself(token):
    assert SERIES.modules(token) == qr_modules(STEM + token)


@given(st.text(max_size=40).filter(str.isprintable), st.text(st.characters(max_codepoint=127), min_size=1, max_size=6))
def test_a_code_has_the_modules_that_the_library_makes(stem, ending):
    matrix = segno.make(stem + "/" + ending, error="m", mode="byte", mask=2, boost_error=False, micro=False).matrix
    assert qr_modules(stem + "/" + ending) == b"".join(map(bytes, matrix))


def test_codes_are_the_same_before_and_after_a_series_begins(monkeypatch):
    monkeypatch.setattr(qr_code, "SERIES_FROM", 3)
    codes, token = QrCodes(), "AbCdEfGhIjKlMnOpQrStUvWxYz01234"
    one_by_one = [QrCodes().drawing(f"{STEM}{token}{digit}") for digit in range(6)]
    assert [codes.drawing(f"{STEM}{token}{digit}") for digit in range(6)] == one_by_one
    assert len(set(one_by_one)) == 6


def test_a_drawing_has_a_stroke_for_each_run_of_dark_modules():
    svg, modules = QrCodes().drawing(STEM + "A" * 32), qr_modules(STEM + "A" * 32)
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    drawn = bytearray(side * side)
    for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", svg):
        begin = int(y) * side + int(x)
        drawn[begin : begin + int(length)] = b"\x01" * int(length)
    assert bytes(drawn) == modules
