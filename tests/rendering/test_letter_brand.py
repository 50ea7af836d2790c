"""Letters take logo, colours, typefaces and footer from the brand, and carry the member's own QR code."""

import json
import re
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from campaigns.core.model.brand import Brand, Colours, Logo, LogoPicture, Typefaces
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.checks.letter import check_letter
from campaigns.rendering.letters.letter_template import BRAND_FILE, LetterTemplate
from campaigns.rendering.symbols.qr_code import qr_drawing
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.rendering.templates.sandbox import TemplateError
from tests.support.sample_letters import (
    LANGUAGES,
    PURPOSES,
    ROOT,
    SETTINGS,
    SHIPPED,
    WHEN,
    address,
    draw_letter,
    first_page,
    sample,
    template,
)

pytestmark = pytest.mark.child_process
LOGO = ROOT / "images" / "brand" / "logo.png"
LONG_NAME = "Maria-Theresia Alexandra"


def branded(name: str, brand: Brand) -> LetterTemplate:
    settings: Settings = SETTINGS.model_copy(update={"brand": brand})
    return LetterTemplate.compile(load_template_folder(ROOT, Channel.POST, name), Language.FI, settings)


def test_letter_and_e_mail_bear_one_and_the_same_logo():
    in_letter = json.loads(template("owner_post").sources[BRAND_FILE])["logo"]["picture"]
    assert bytes(in_letter) == LOGO.read_bytes()
    constants = dict(SETTINGS.brand.constants(str(SETTINGS.public_url)).entries)
    assert constants["brand.logo"] == f"{SETTINGS.public_url}images/{LOGO.relative_to(ROOT / 'images')}"


@SHIPPED
def test_the_logo_is_printed_once_on_the_first_page_only(name):
    first, *others = draw_letter(name).pages
    assert [image.image.size for image in first.images] == [(583, 111)]
    assert [list(page.images) for page in others] == [[]] * len(others)


@pytest.mark.parametrize(
    ("shape", "size"), [((1600, 160), (87, 8.7)), ((583, 111), (49.4, 9.4)), ((200, 500), (5.3, 13.2))]
)
def test_a_logo_of_any_shape_stays_in_the_window_of_the_envelope(shape, size):
    content = BytesIO()
    Image.new("RGB", shape).save(content, "PNG")
    picture = LogoPicture("brand/logo.png", content.getvalue(), *shape)
    letter = branded("owner_post", Brand(logo=Logo(picture, picture, 160)))
    drawn = letter.render_bundle([letter.fill(sample("owner_post"), address())], WHEN)
    assert picture_sizes(PdfReader(BytesIO(drawn.pdf)).pages[0]) == [pytest.approx(size, abs=0.1)]


def picture_sizes(page):
    """Return width and height of each picture of a page, in millimetres."""
    sizes = []

    def note_picture(operator, _operands, matrix, _text_matrix):
        if operator == b"Do":
            sizes.append((abs(matrix[0]) * 25.4 / 72, abs(matrix[3]) * 25.4 / 72))

    page.extract_text(visitor_operand_before=note_picture)
    return sizes


@LANGUAGES
def test_the_footer_of_the_brand_is_printed_on_every_page(language):
    assert SETTINGS.brand.footer is not None
    for page in draw_letter("survey", language).pages:
        assert SETTINGS.brand.footer.text(language) in " ".join(page.extract_text().split())


def test_a_letter_without_a_logo_prints_the_name_instead():
    letter = branded("owner_post", Brand())
    text = first_page(letter, letter.fill(sample("owner_post"), address()))
    assert text.count("Osuuskauppa Lähde") == draw_letter("owner_post").pages[0].extract_text().count(
        "Osuuskauppa Lähde"
    )
    assert "Osuuskauppa Lähde\nLähdetori 1, 00000 LÄHTEELÄ" in text


def test_a_letter_has_the_brand_s_colours_and_typefaces():
    brand = Brand(colours=Colours(brand="#5B1A3A"), type=Typefaces(letter_heading="Carlito", letter_body="Carlito"))
    letter = branded("win_back", brand)
    values = json.loads(letter.sources[BRAND_FILE])
    assert (values["colours"]["brand"], values["type"]["heading"]) == ("#5B1A3A", "Carlito")
    assert first_page(letter, letter.fill(sample("win_back"), address()))


def test_letters_name_no_colour_or_typeface_of_their_own():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "templates" / "post").rglob("*.typ"))
    assert re.findall(r"#[0-9a-fA-F]{6}|Libertinus", sources) == []


@SHIPPED
def test_a_long_name_makes_no_letter_longer(name):
    pages = draw_letter(name, Language.EN, first_name=LONG_NAME).pages  # the longest titles are in English
    assert len(pages) == (2 if name in ("survey", "owner_post", "owner_post_family") else 1)


@pytest.mark.parametrize("name", sorted(PURPOSES))
def test_a_letter_carries_the_code_of_its_own_member_s_link_but_a_survey_none(name):
    filled = template(name).fill(sample(name), address())
    link = "http://localhost:8000/p/AbCdEfGhIjKlMnOpQrStUvWxYz012345"
    assert filled["qr"] == ({} if name == "survey" else {"preferences": qr_drawing(link)})


def test_a_letter_without_its_link_is_not_written():
    values = {**sample("owner_post"), "links": {}}
    with pytest.raises(TemplateError) as raised:
        template("owner_post").fill(values, address())
    assert raised.value.is_missing
    assert "links.preferences" in raised.value.reason


def test_a_code_of_an_unknown_link_is_reported_at_its_place(tmp_path):
    for part in ("_shared", "win_back"):
        target = tmp_path / "templates" / "post" / part
        target.mkdir(parents=True)
        for file in (ROOT / "templates" / "post" / part).iterdir():
            text = file.read_text("utf-8")
            (target / file.name).write_text(text.replace("page.qr.preferences", "page.qr.prefrences"), "utf-8")
    folder = load_template_folder(tmp_path, Channel.POST, "win_back")
    (problem,) = check_letter(folder, Purpose.MARKETING, frozenset({"member.first_name"}), SETTINGS)
    assert (problem.code, problem.hint) == ("unknown_variable", "`links.preferences`")
    assert problem.place.file == "templates/post/win_back/letter.typ"
