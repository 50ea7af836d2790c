"""Offers in a letter: pictures, prices and codes on the page overleaf, exact and repeatable."""

import json
from decimal import Decimal
from io import BytesIO
from itertools import zip_longest
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from campaigns.core.errors import UserError
from campaigns.core.model.coupon import CodeFormat
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.letters import letter_pictures
from campaigns.rendering.letters.letter_pictures import OfferPictures, printable_picture
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.templates.coupon_values import CodeValues, coupon_values
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.offers_file import load_offers
from tests.support.code_reader import needs_code_reader, needs_pdf_printer, print_page, read_codes
from tests.support.sample_letters import LANGUAGES, ROOT, SETTINGS, WHEN, address, sample

pytestmark = pytest.mark.child_process
DAYS = (None, None)
PICTURES = OfferPictures(ROOT / "images")
EAN = CodeValues(CodeFormat.EAN13, "2972545419129", "2 972545 419129")
QR = CodeValues(CodeFormat.QR, "3BFHB1ZF3PXZSRS0", "3BFH-B1ZF-3PXZ-SRS0")


def template(language: Language = Language.FI, pictures: OfferPictures | None = PICTURES) -> LetterTemplate:
    return LetterTemplate.compile(load_template_folder(ROOT, Channel.POST, "owner_post"), language, SETTINGS, pictures)


def values(*codes: CodeValues | None, language: Language = Language.FI) -> dict[str, Any]:
    """Return the sample with these codes instead of those of samples; None keeps an offer as it is."""
    filled = sample("owner_post", language)
    offers = [
        offer if code is None else {**offer, "coupon": coupon_values(f"x{number}", DAYS, Channel.POST, code)}
        for number, (offer, code) in enumerate(zip_longest(filled["offers"], codes))
    ]
    return {**filled, "offers": offers}


def draw(letter: LetterTemplate, *contexts: dict[str, Any]) -> bytes:
    return letter.render_bundle([letter.fill(context, address()) for context in contexts], WHEN).pdf


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return draw(template(), values(EAN, None, QR))


def test_the_page_overleaf_has_the_offers_with_prices_pictures_and_codes(pdf):
    first, overleaf = PdfReader(BytesIO(pdf)).pages
    text = " ".join(overleaf.extract_text().split())
    assert "Kääntöpuolella on etuja sinulle" in first.extract_text()
    for words in ("Naudan ulkofilepihvi", "24,90 €", "30 päivän alin hinta 31,90 €", "Voimassa 10.1. asti"):
        assert words in text
    assert "Etu on jo kortillasi" in text
    assert "2 972545 419129" in text
    assert "3BFH-B1ZF-3PXZ-SRS0" in text
    assert len(overleaf.images) == 4


def test_a_letter_without_offers_has_one_page_and_does_not_speak_of_any():
    letter = template()
    bundle = letter.render_bundle([letter.fill({**values(), "offers": []}, address())], WHEN)
    assert bundle.page_counts == (1,)
    assert "Kääntöpuolella" not in PdfReader(BytesIO(bundle.pdf)).pages[0].extract_text()


@needs_code_reader
@needs_pdf_printer
def test_a_till_reads_both_codes_from_the_printed_letter(pdf, tmp_path):
    assert read_codes(print_page(pdf, 2, tmp_path)) == {("EAN13", EAN.text), ("QRCODE", QR.text)}


def test_letters_with_coupons_are_the_same_bytes_again(pdf):
    assert draw(template(), values(EAN, None, QR)) == pdf


def test_pictures_of_many_letters_are_in_their_file_once(pdf):
    letter = template()
    assert len(draw(letter, *[values(EAN, None, QR)] * 4)) < len(pdf) + 40_000


@LANGUAGES
def test_the_four_longest_offers_fit_on_the_page_overleaf(language):
    offers = load_offers(ROOT / "config/offers.yaml", load_catalogue(ROOT / "config/catalogue.yaml"))
    longest = sorted(offers, key=lambda offer: -len(offer.title.text(language) + offer.text.text(language)))[:4]
    shown = [
        {
            **sample("owner_post", language)["offers"][1],
            "title": offer.title.text(language),
            "text": offer.text.text(language),
            "price": Decimal("1234.50"),
            "lowest_price_30d": Decimal("1334.50"),
            "coupon": coupon_values(offer.id, DAYS, Channel.POST, QR),
        }
        for offer in longest
    ]
    letter = template(language)
    filled = letter.fill({**sample("owner_post", language), "offers": shown}, address(language))
    assert letter.render_bundle([filled], WHEN).page_counts == (2,)


def test_a_missing_picture_is_no_letter_with_a_hole():
    offer = {**values()["offers"][0], "image": "http://localhost:8000/images/offers/gone.png"}
    with pytest.raises(TemplateError, match="there is no picture `offers/gone"):
        template().fill({**values(), "offers": [offer]}, address())


def test_no_picture_is_read_from_outside_its_folder():
    assert PICTURES.content("../config/settings.yaml") is None
    assert PICTURES.content("offers/steak.png") is not None


def test_a_check_leaves_the_places_of_pictures_empty():
    assert [offer["picture"] for offer in template(pictures=None).fill(values(), address())["offers"]] == [""] * 4


def test_a_heavy_picture_is_printed_smaller():
    noise = Image.effect_noise((720, 480), 60).convert("RGB")
    noise.save(stream := BytesIO(), "PNG")
    heavy = stream.getvalue()
    assert len(heavy) > letter_pictures._LIGHT_BYTES
    printed = bytes(json.loads(printable_picture("offers/noise.png", heavy))["bytes"])
    assert Image.open(BytesIO(printed)).size == (480, 320)


def test_a_light_picture_is_printed_as_it_is():
    light = PICTURES.content("offers/steak.png")
    assert bytes(json.loads(printable_picture("offers/steak.png", light))["bytes"]) == light


def test_a_picture_that_cannot_be_read_is_named():
    with pytest.raises(UserError, match="images/offers/broken"):
        printable_picture("offers/broken.png", b"\x89PNG\r\n\x1a\n" + bytes(50_000))


def test_a_letter_is_given_the_pictures_of_its_own_offers_only():
    letter = template()
    pages = [letter.fill({**values(), "offers": [offer]}, address()) for offer in values()["offers"][:2]]
    assert letter._documents(pages, WHEN, is_sample=False).picture_names == [
        ["offers/steak.png"],
        ["offers/minced_meat.png"],
    ]
