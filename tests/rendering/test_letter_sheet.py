"""Printed letters: only the address in the window, embedded fonts, PDF/A-2b."""

import re

import pytest
from PIL import ImageFont

from campaigns.core.yaml.source import read_yaml
from campaigns.rendering.letters.fonts import FONTS_FOLDER
from campaigns.rendering.letters.postal_address import PostalAddress
from tests.support.sample_letters import LANGUAGES, ROOT, SHIPPED, address, draw_letter

pytestmark = pytest.mark.child_process
PROFILE = read_yaml(ROOT / "templates/post/_shared/profile.yaml").value
MM = 72 / 25.4
A4 = (595.28, 841.89)
WIDEST = PostalAddress(
    (
        "Maria-Theresia Alexandra Nyströmin",
        "kuolinpesä",
        "c/o Näkkäläjärvi",
        "PL 67",
        "Katu 1",
        "00100 KRISTIINANKAUPUNKI",
    ),
    "00100",
)


def text_pieces(page):
    """Return every piece of text on a page: text, x and y of its start in points, font, size."""
    pieces = []

    def visit(text, matrix, text_matrix, font, size):
        if text.strip():
            x = text_matrix[4] * matrix[0] + matrix[4]
            y = text_matrix[5] * matrix[3] + matrix[5]
            pieces.append((text.strip(), x, y, str(font["/BaseFont"]), size))

    page.extract_text(visitor_text=visit)
    return pieces


def rectangle(window, margin=0):
    """Return left, bottom, right and top of a window, in points from the sheet's lower left corner."""
    left, top = (window["left"] - margin) * MM, A4[1] - (window["top"] - margin) * MM
    return left, top - (window["height"] + 2 * margin) * MM, left + (window["width"] + 2 * margin) * MM, top


def is_within(x, y, box):
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


@SHIPPED
@LANGUAGES
def test_pr04_a_sheet_is_a4_and_embeds_its_fonts(name, language):
    pdf = draw_letter(name, language)
    for page in pdf.pages:
        assert [round(float(side), 2) for side in page.mediabox[2:]] == list(A4)
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor.get_object())


@SHIPPED
def test_pr04_the_file_is_marked_as_pdf_a_2b(name):
    metadata = draw_letter(name).trailer["/Root"]["/Metadata"].get_data().decode()
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", metadata)
    assert re.search(r"<pdfaid:conformance>B</pdfaid:conformance>", metadata)


@SHIPPED
@LANGUAGES
def test_pr02_the_window_shows_the_address_only(name, language):
    page = draw_letter(name, language).pages[0]
    quiet_area = rectangle(PROFILE["address_window"], margin=PROFILE["quiet"])
    inside = [piece for piece in text_pieces(page) if is_within(piece[1], piece[2], quiet_area)]
    assert tuple(piece[0] for piece in inside) == address(language).rows
    assert {(piece[3].partition("+")[2], piece[4]) for piece in inside} == {("Carlito", 11)}


def test_pr02_the_longest_address_stays_inside_the_window():
    page = draw_letter("owner_post", to=WIDEST).pages[0]
    left, bottom, right, top = rectangle(PROFILE["address_window"])
    face = ImageFont.truetype(str(FONTS_FOLDER / "Carlito-Regular.ttf"), 1100)
    rows = [piece for piece in text_pieces(page) if piece[0] in WIDEST.rows]
    assert len(rows) == 6
    for text, x, y, _font, size in rows:
        assert x >= left
        assert x + face.getlength(text) * size / 1100 <= right
        assert y + 0.75 * size <= top
        assert y - 0.25 * size >= bottom


def test_the_sender_is_in_its_own_window_within_four_centimetres_of_the_edge():
    pieces = text_pieces(draw_letter("owner_post").pages[0])
    (sender,) = [piece for piece in pieces if piece[0] == "Osuuskauppa Lähde, Lähdetori 1, 00000 LÄHTEELÄ"]
    assert is_within(sender[1], sender[2], rectangle(PROFILE["return_window"]))
    assert A4[1] - sender[2] <= 40 * MM
