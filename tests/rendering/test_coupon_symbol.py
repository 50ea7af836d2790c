"""Symbols of coupons: a real reader reads them, from a PNG and from print; samples say what they are."""

import struct
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.coupon import CodeFormat
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.inline_picture import InlinePicture
from campaigns.offers.coupons.coupon_codes import sample_code
from campaigns.rendering.email.email_template import EmailBody
from campaigns.rendering.email.mime import MessageHeaders, assemble_message
from campaigns.rendering.symbols.coupon_symbol import symbol_png, symbol_svg
from campaigns.rendering.symbols.drawing import Border, png
from campaigns.rendering.templates.coupon_values import (
    CodeValues,
    coupon_pictures,
    coupon_values,
    sample_code_values,
    sample_coupon,
    with_embedded_coupons,
)
from tests.support.code_reader import needs_code_reader, read_codes

TEXTS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=16, max_size=16)
NUMBERS = st.integers(0, 10**12 - 1).map(lambda number: f"{number:012}")
EAN = CodeValues(CodeFormat.EAN13, "2972545419129", "2 972545 419129")
QR = CodeValues(CodeFormat.QR, "3BFHB1ZF3PXZSRS0", "3BFH-B1ZF-3PXZ-SRS0")
DAYS = (None, None)


def with_check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


@needs_code_reader
@given(TEXTS)
def test_a_till_reads_letters_and_digits_from_the_picture_of_an_e_mail(text: str) -> None:
    assert read_codes(symbol_png(CodeFormat.QR, text)) == {("QRCODE", text)}


@needs_code_reader
@given(NUMBERS.map(with_check_digit))
def test_a_till_reads_thirteen_digits_from_the_picture_of_an_e_mail(digits: str) -> None:
    assert read_codes(symbol_png(CodeFormat.EAN13, digits)) == {("EAN13", digits)}


def test_bars_with_a_wrong_check_digit_are_refused() -> None:
    with pytest.raises(ValueError, match="check digit"):
        symbol_png(CodeFormat.EAN13, "2972545419128")


def test_a_code_of_plain_text_has_no_symbol() -> None:
    assert symbol_svg(CodeFormat.TEXT, QR.text) == ""
    with pytest.raises(ValueError, match="no symbol"):
        symbol_png(CodeFormat.TEXT, QR.text)


@pytest.mark.parametrize("code", [EAN, QR])
def test_pictures_are_small_and_always_the_same(code: CodeValues) -> None:
    picture = symbol_png(code.format, code.text)
    assert len(picture) < 600
    assert picture == symbol_png(code.format, code.text)


def test_a_picture_has_white_round_its_modules() -> None:
    picture = png([b"\x01\x01"], Border(2, 1, 1, 3), 1)
    assert struct.unpack(">II", picture[16:24]) == (5, 5)


@pytest.mark.parametrize("code_format", CodeFormat)
def test_the_sample_is_the_one_that_no_till_accepts(code_format: CodeFormat) -> None:
    assert sample_code_values(code_format, Language.EN).text == sample_code(code_format, 29).text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code_format", CodeFormat)
def test_a_sample_says_so_in_the_code_that_people_read(code_format: CodeFormat, language: Language) -> None:
    offer = {"coupon": {"kind": "code", "format": code_format.value}}
    coupon = sample_coupon(offer, Channel.SMS, language)
    assert coupon is not None
    assert any(word in coupon["code"] for word in ("TEST", "NÄYTE", "PROV", "SAMPLE"))


def test_an_e_mail_brings_the_symbols_that_it_shows_each_once() -> None:
    coupons = {id_: coupon_values(id_, DAYS, Channel.EMAIL, code) for id_, code in (("a", EAN), ("b", QR), ("c", EAN))}
    context: dict[str, object] = {"offers": [*({"coupon": coupon} for coupon in coupons.values()), {"coupon": None}]}
    html = '<img src="cid:coupon-a@viesti"><img src="cid:coupon-a@viesti"><img src="cid:coupon-b@viesti">'
    assert [picture.content_id for picture in coupon_pictures(context, html)] == ["coupon-a@viesti", "coupon-b@viesti"]
    assert coupon_pictures(context, "<p>no symbol</p>") == ()
    assert "cid:" not in with_embedded_coupons(context, html)


BODY = EmailBody("Hei", "Hyvää päivää\n", "<p>Hyvää päivää</p>")
ENVELOPE = MessageHeaders(
    datetime(2018, 1, 1, 8, tzinfo=UTC),
    "abcdefghijklmnop@lahde.example.org",
    "Osuuskauppa Lähde",
    "uutiset@lahde.example.org",
    "aino@example.org",
)
PICTURES = [InlinePicture("coupon-a@viesti", "coupon-a.png", symbol_png(EAN.format, EAN.text))]


def test_e01_an_e_mail_with_symbols_is_text_or_html_with_its_pictures() -> None:
    message = message_from_bytes(assemble_message(ENVELOPE, BODY, PICTURES), policy=policy.SMTP)
    text, related = message.iter_parts()
    html, picture = related.iter_parts()
    assert [part.get_content_type() for part in (message, text, related, html, picture)] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    assert html.get_content().strip() == BODY.html
    assert picture["Content-ID"] == "<coupon-a@viesti>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == PICTURES[0].content
    assert max(map(len, assemble_message(ENVELOPE, BODY, PICTURES).splitlines())) <= 78


def test_an_e_mail_without_symbols_stays_as_it_was() -> None:
    assert assemble_message(ENVELOPE, BODY, ()) == assemble_message(ENVELOPE, BODY)
    assert b"multipart/related" not in assemble_message(ENVELOPE, BODY)


def test_a_content_id_that_could_end_its_line_is_refused() -> None:
    with pytest.raises(ValueError, match="Content-ID"):
        assemble_message(ENVELOPE, BODY, [InlinePicture("a>\r\nBcc: x@viesti", "a.png", b"")])


@needs_code_reader
def test_a_till_reads_the_picture_of_an_assembled_message() -> None:
    body = EmailBody("Hei", "Hei", '<img src="cid:coupon-a@viesti">')
    message = message_from_bytes(assemble_message(ENVELOPE, body, PICTURES), policy=policy.SMTP)
    (picture,) = (part for part in message.walk() if part.get_content_type() == "image/png")
    assert read_codes(picture.get_content()) == {("EAN13", EAN.text)}
