"""Codes of coupons: each names one coupon of one run, only its own key reads it, and slips of the hand are noticed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.coupon_keys import PoolKey
from campaigns.core.model.coupon import CodeFormat
from campaigns.offers.coupons import code_alphabet
from campaigns.offers.coupons.coupon_codes import (
    CodeMaker,
    CouponSerial,
    coupon_code,
    is_sample,
    normalise_code,
    sample_code,
)
from campaigns.offers.coupons.ean13 import permute, permute_back, read_ean13

KEY = PoolKey("coffee", 1, bytes(range(32)))
MAKER = CodeMaker(KEY, "weekly-20180101T1000Z", 150, 29)
SERIALS = st.builds(CouponSerial, st.integers(0, 3_600_000), st.integers(0, 149))
FORMATS = st.sampled_from(CodeFormat)


@given(SERIALS, FORMATS)
def test_a_code_is_read_back_however_it_was_typed(serial: CouponSerial, code_format: CodeFormat) -> None:
    code = MAKER.code(code_format, serial)
    assert MAKER.read(code.text) == MAKER.read(code.grouped) == MAKER.read(f" {code.grouped.lower()} ") == serial


@given(SERIALS, FORMATS)
def test_a_code_is_the_same_whenever_it_is_made(serial: CouponSerial, code_format: CodeFormat) -> None:
    assert MAKER.code(code_format, serial) == replace(MAKER).code(code_format, serial)


@pytest.mark.parametrize("code_format", [CodeFormat.TEXT, CodeFormat.EAN13])
def test_a17_no_two_coupons_of_a_run_have_one_code(code_format: CodeFormat) -> None:
    maker = replace(MAKER, offer_count=3)
    codes = {coupon_code(maker, code_format, position, offer).text for position in range(700) for offer in range(3)}
    assert len(codes) == 2100


@given(SERIALS, st.data())
def test_one_wrong_character_is_always_noticed(serial: CouponSerial, data: st.DataObject) -> None:
    text = MAKER.code(CodeFormat.TEXT, serial).text
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(code_alphabet.CHARACTERS.replace(text[place], "")))
    assert not code_alphabet.is_checked(text[:place] + other + text[place + 1 :])


@given(SERIALS, st.data())
def test_two_characters_in_each_others_place_are_always_noticed(serial: CouponSerial, data: st.DataObject) -> None:
    text = list(MAKER.code(CodeFormat.TEXT, serial).text)
    first, second = data.draw(st.tuples(*[st.integers(0, len(text) - 1)] * 2))
    changed = list(text)
    changed[first], changed[second] = text[second], text[first]
    assert code_alphabet.is_checked("".join(changed)) == (text[first] == text[second])


@given(SERIALS, st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_of_an_ean_is_always_noticed(serial: CouponSerial, place: int, more: int) -> None:
    text = MAKER.code(CodeFormat.EAN13, serial).text
    changed = text[:place] + str((int(text[place]) + more) % 10) + text[place + 1 :]
    assert MAKER.read(changed) is None


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    assert normalise_code("il0-O 1l") == "110011"


@given(SERIALS)
@pytest.mark.parametrize(
    "other",
    [
        replace(MAKER, key=PoolKey("coffee", 2, bytes(32))),
        replace(MAKER, key=replace(KEY, pool="tea")),
        replace(MAKER, run_id="weekly-20180108T1000Z"),
    ],
    ids=["another key", "another pool", "another run"],
)
def test_a_code_of_another_key_pool_or_run_is_foreign(other: CodeMaker, serial: CouponSerial) -> None:
    text = MAKER.code(CodeFormat.TEXT, serial).text
    assert other.read(text) is None
    assert other.code(CodeFormat.TEXT, serial).text != text


def test_digits_of_another_key_are_spread_over_all_serials() -> None:
    """Ten digits cannot hold a seal: a guess is right as often as the run has coupons among ten thousand millions."""
    other = replace(MAKER, key=PoolKey("coffee", 2, bytes(32)))
    foreign = [other.read(MAKER.code(CodeFormat.EAN13, CouponSerial(each, 0)).text) for each in range(400)]
    assert sum(serial is not None and serial.position < 3_600_000 for serial in foreign) < 40


@given(st.integers(0, 10**10 - 2))
def test_ten_digits_are_permuted(number: int) -> None:
    code = replace(MAKER, offer_count=1).code(CodeFormat.EAN13, CouponSerial(number, 0))
    assert replace(MAKER, offer_count=1).read(code.text) == CouponSerial(number, 0)
    assert code.text[2:-1] != "0" * 10


def test_an_ean_has_the_check_digit_of_gs1() -> None:
    """The worked example of GS1's General Specifications, section 7.9: 629104150021 has the check digit 3."""
    assert read_ean13("6291041500213", 62) == 9104150021
    assert read_ean13("6291041500214", 62) is None


@pytest.mark.parametrize("code_format", list(CodeFormat))
def test_no_till_accepts_the_code_of_samples(code_format: CodeFormat) -> None:
    sample = sample_code(code_format, 29)
    assert is_sample(sample.text)
    assert MAKER.read(sample.text) is None


@given(SERIALS, FORMATS)
def test_no_coupon_has_the_code_of_samples(serial: CouponSerial, code_format: CodeFormat) -> None:
    assert not is_sample(MAKER.code(code_format, serial).text)


@given(st.text(st.sampled_from(code_alphabet.CHARACTERS + "ilou-é~ "), max_size=30))
def test_any_other_text_is_no_code(text: str) -> None:
    assert MAKER.read(text) is None or len(normalise_code(text)) in (13, 16)


def test_codes_of_members_look_nothing_alike() -> None:
    neighbours = [MAKER.code(CodeFormat.TEXT, CouponSerial(position, 0)).text for position in range(2)]
    assert sum(one == other for one, other in zip(*neighbours, strict=True)) < 5


@pytest.mark.parametrize(("code_format", "limit"), [(CodeFormat.TEXT, 2**36), (CodeFormat.EAN13, 10**10 - 1)])
def test_a_serial_beyond_all_codes_is_refused(code_format: CodeFormat, limit: int) -> None:
    with pytest.raises(OverflowError):
        replace(MAKER, offer_count=1).code(code_format, CouponSerial(limit, 0))


def test_the_number_that_becomes_ten_zeros_gets_other_digits() -> None:
    def add_step(step: int, _half: int) -> int:
        return step + 1

    assert permute(9_997_599_970 - 1, add_step) == 2_500_030
    assert permute_back(2_500_030, add_step) == 9_997_599_970 - 1
