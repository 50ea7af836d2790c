"""A letter can be printed: the address in the window and nothing else there, fonts inside, the same bytes again."""

import re
import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from PIL import ImageFont
from pypdf import PdfReader

from campaigns.errors import AuthorError
from campaigns.loading.yaml_source import read_yaml
from campaigns.rendering.checks_letter import check_letter
from campaigns.rendering.environment import TemplateError
from campaigns.rendering.folder import load_folder
from campaigns.rendering.letter import LetterTemplate, letter_names
from campaigns.rendering.postal import PostalAddress
from campaigns.rendering.typeface import FONTS, can_draw
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel, Language, Purpose

ROOT = Path(__file__).parents[2]
SETTINGS = Settings.model_validate(read_yaml(ROOT / "config/settings.yaml").value)
PROFILE = read_yaml(ROOT / "templates/post/_shared/profile.yaml").value
KNOWN = frozenset({"member.first_name", "member.bonus_last_month", "member.household_size"})
PURPOSES = {
    "owner_post": Purpose.OWNER_POST,
    "owner_post_family": Purpose.OWNER_POST,
    "win_back": Purpose.MARKETING,
    "survey": Purpose.SURVEY,
    "magazine_address_sheet": Purpose.MAGAZINE,
}
SHIPPED = pytest.mark.parametrize("name", PURPOSES)
LANGUAGES = pytest.mark.parametrize("language", Language)
WHEN = datetime(2018, 1, 10, 5, tzinfo=UTC)
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


def template(name, language=Language.FI):
    return LetterTemplate.compile(load_folder(ROOT, Channel.POST, name), language, SETTINGS)


def sample(name, language=Language.FI, **member):
    values = load_folder(ROOT, Channel.POST, name).sample(language)
    return {**values, "member": {**values["member"], **member}}


def address(language=Language.FI, first_name="Aino", last_name="Näkkäläjärvi"):
    made = PostalAddress.from_contact(
        first_name=first_name,
        last_name=last_name,
        street="Kaivokatu 12 A 4",
        postal_code="00100",
        city="Helsinki",
        language=language,
    )
    assert isinstance(made, PostalAddress)
    return made


@cache
def drawn(name, language=Language.FI, to=None, **member):
    letter = template(name, language)
    pages = letter.render_bundle([letter.fill(sample(name, language, **member), to or address(language))], WHEN)
    return PdfReader(BytesIO(pages.pdf))


def printed(page):
    """Every piece of text on a page: what, x and y of its start in points, its font and size."""
    found = []

    def visit(text, matrix, text_matrix, font, size):
        if text.strip():
            x = text_matrix[4] * matrix[0] + matrix[4]
            y = text_matrix[5] * matrix[3] + matrix[5]
            found.append((text.strip(), x, y, str(font["/BaseFont"]), size))

    page.extract_text(visitor_text=visit)
    return found


def rectangle(window, grown=0):
    """Left, bottom, right and top of a window in points from the sheet's lower left corner."""
    left, top = (window["left"] - grown) * MM, A4[1] - (window["top"] - grown) * MM
    return left, top - (window["height"] + 2 * grown) * MM, left + (window["width"] + 2 * grown) * MM, top


def is_within(x, y, box):
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


@SHIPPED
@LANGUAGES
def test_a_sheet_is_a4_and_brings_its_fonts(name, language):
    pdf = drawn(name, language)
    for page in pdf.pages:
        assert [round(float(side), 2) for side in page.mediabox[2:]] == list(A4)
        for font in page["/Resources"]["/Font"].values():
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor.get_object())


@SHIPPED
def test_the_file_says_that_it_is_pdf_a_2b(name):
    metadata = drawn(name).trailer["/Root"]["/Metadata"].get_data().decode()
    assert re.search(r"<pdfaid:part>2</pdfaid:part>", metadata)
    assert re.search(r"<pdfaid:conformance>B</pdfaid:conformance>", metadata)


@SHIPPED
@LANGUAGES
def test_the_window_shows_the_address_and_nothing_else(name, language):
    page = drawn(name, language).pages[0]
    guarded = rectangle(PROFILE["address_window"], grown=PROFILE["quiet"])
    inside = [piece for piece in printed(page) if is_within(piece[1], piece[2], guarded)]
    assert tuple(piece[0] for piece in inside) == address(language).rows
    assert {(piece[3].partition("+")[2], piece[4]) for piece in inside} == {("Carlito", 11)}


def test_the_fullest_address_stays_inside_the_window():
    page = drawn("owner_post", to=WIDEST).pages[0]
    left, bottom, right, top = rectangle(PROFILE["address_window"])
    face = ImageFont.truetype(str(FONTS / "Carlito-Regular.ttf"), 1100)
    rows = [piece for piece in printed(page) if piece[0] in WIDEST.rows]
    assert len(rows) == 6
    for text, x, y, _font, size in rows:
        assert x >= left
        assert x + face.getlength(text) * size / 1100 <= right
        assert y + 0.75 * size <= top
        assert y - 0.25 * size >= bottom


def test_the_sender_stands_in_its_own_window_within_four_centimetres_of_the_edge():
    pieces = printed(drawn("owner_post").pages[0])
    (sender,) = [piece for piece in pieces if piece[0] == "Lähdetori 1, 00000 LÄHTEELÄ"]
    assert is_within(sender[1], sender[2], rectangle(PROFILE["return_window"]))
    assert A4[1] - sender[2] <= 40 * MM


@SHIPPED
@LANGUAGES
def test_every_page_says_where_the_address_is_from_and_how_to_object(name, language):
    said = template(name, language).fill(sample(name, language), address(language))["text"]
    for page in drawn(name, language).pages:
        text = " ".join(page.extract_text().split())
        assert " ".join(said["address_source"].split()) in text
        assert "+358 20 000 0000" in text


@SHIPPED
@LANGUAGES
def test_a_member_of_whom_little_is_known_gets_a_letter_too(name, language):
    letter = template(name, language)
    page = letter.fill(
        sample(name, language, first_name=None, bonus_last_month=None), address(language, first_name=None)
    )
    text = PdfReader(BytesIO(letter.render_bundle([page], WHEN).pdf)).pages[0].extract_text()
    assert "None" not in text
    assert "Näkkäläjärvi" in text


def test_many_letters_are_one_file_and_each_knows_its_pages():
    letter = template("survey")
    filled = [letter.fill(sample("survey", first_name=name), address(first_name=name)) for name in ("Aino", "Eino")]
    bundle = letter.render_bundle(filled, WHEN)
    pages = PdfReader(BytesIO(bundle.pdf)).pages
    assert bundle.per_letter == (2, 2)
    assert len(pages) == 4
    assert "Aino Näkkäläjärvi" in pages[0].extract_text()
    assert "Eino Näkkäläjärvi" in pages[2].extract_text()
    assert "Näkkäläjärvi" not in pages[1].extract_text()


def test_the_same_letters_give_the_same_bytes():
    one, two = (
        template("owner_post").render_bundle([template("owner_post").fill(sample("owner_post"), address())], WHEN)
        for _ in range(2)
    )
    assert one == two


def test_many_bundles_need_no_more_memory_than_one():
    letter = template("win_back")

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def bundle(number):
        filled = [letter.fill(sample("win_back", first_name=f"A{number}x{i}"), address()) for i in range(25)]
        assert len(letter.render_bundle(filled, WHEN).per_letter) == 25

    bundle(0)
    before = resident()
    for number in range(1, 5):
        bundle(number)
    assert resident() - before < 25_000_000  # kept, each bundle would add about fifteen megabytes


def test_the_bonus_is_shown_when_there_is_one():
    letter = template("owner_post", Language.EN)
    with_bonus = letter.fill(sample("owner_post", Language.EN, bonus_last_month=Decimal("1234.5")), address())
    without = letter.fill(sample("owner_post", Language.EN, bonus_last_month=Decimal(0)), address())
    assert (with_bonus["text"]["bonus"], without["text"]["bonus"]) == ("€1,234.50", "")
    assert "€" not in drawn("owner_post", Language.EN, bonus_last_month=None).pages[0].extract_text()


def test_the_arms_of_the_experiment_are_told_apart():
    letter = template("win_back")
    texts = [
        PdfReader(BytesIO(letter.render_bundle([letter.fill({**sample("win_back"), "arm": arm}, address())], WHEN).pdf))
        .pages[0]
        .extract_text()
        for arm in ("short", "long", None)
    ]
    assert texts[0] == texts[2]
    assert "Mitä uutta" in texts[1]
    assert "Mitä uutta" not in texts[0]


@pytest.mark.parametrize(
    "name", ["#sys.version", "#panic()", "*b* _i_ `r`", "$x^2$", ']#import "x"', "\\#", "<letter>", "// x", '"); #x("']
)
def test_a_name_says_nothing_to_typst(name):
    letter = template("win_back")
    bundle = letter.render_bundle([letter.fill(sample("win_back", first_name=name), address(first_name=name))], WHEN)
    assert name in PdfReader(BytesIO(bundle.pdf)).pages[0].extract_text()
    assert bundle.per_letter == (1,)


def test_everything_that_counts_as_drawable_is_in_the_typeface():
    signs = [chr(code) for code in range(0x20, 0x2300) if can_draw(chr(code))]
    assert {"Å", "š", "Ł", "Ж", "Ω", "€", "–", "”"} <= set(signs)
    letter = template("win_back")
    letter.render_bundle([letter.fill(sample("win_back", first_name=" ".join(signs)), address())], WHEN)


@pytest.mark.parametrize("name", ["李明", "Aino 🎉", "محمد"])
def test_one_name_that_cannot_be_drawn_is_refused_by_itself(name):
    with pytest.raises(TemplateError, match="typeface") as raised:
        template("win_back").fill(sample("win_back", first_name=name), address())
    assert name not in str(raised.value)


def test_what_a_letter_reads_is_known_before_it_is_written():
    assert letter_names(load_folder(ROOT, Channel.POST, "win_back")) == {
        "arm",
        "member.first_name",
        "organisation.business_id",
        "organisation.telephone",
        "today",
    }


@SHIPPED
def test_a_shipped_letter_only_waits_for_the_print_house(name):
    problems = check_letter(load_folder(ROOT, Channel.POST, name), PURPOSES[name], KNOWN, SETTINGS)
    assert [(problem.code, problem.severity.value) for problem in problems] == [("print_profile", "warning")]


@pytest.fixture
def workspace(tmp_path):
    """A copy of the example templates, with the win-back letter or its texts changed."""

    def make(letter=None, texts=None, **shared):
        shutil.copytree(ROOT / "templates/post", tmp_path / "templates/post", dirs_exist_ok=True)
        folder = tmp_path / "templates/post/win_back"
        if letter is not None:
            (folder / "letter.typ").write_text('#import "../_shared/layout.typ": *\n' + letter)
        if texts is not None:
            (folder / "texts.yaml").write_text((folder / "texts.yaml").read_text() + texts)
        for file, change in shared.items():
            path = tmp_path / f"templates/post/_shared/{file}"
            path.write_text(change(path.read_text()))
        return load_folder(tmp_path, Channel.POST, "win_back")

    return make


def problems_of(folder, purpose=Purpose.MARKETING):
    found = check_letter(folder, purpose, KNOWN, SETTINGS)
    return [problem for problem in found if problem.code != "print_profile"]


@pytest.mark.parametrize(
    ("letter", "code", "line"),
    [
        ("#let letter(house, page) = letter-sheet(house, page, page.text.titel)", "unknown_text", 2),
        ("\n#let letter(house, page) = letter-sheet(house, page, page.txt)", "typst", 3),
        ("#let letter(house, page) = letter-sheet(house, page, {", "typst", 2),
        ("#let letter(house, page) = page.text.title", "typst", 0),
        ('#let letter(house, page) = letter-sheet(house, page, read("/etc/passwd"))', "typst", 2),
        ('#let letter(house, page) = letter-sheet(house, page, read("../../../../config/settings.yaml"))', "typst", 2),
        ('#import "@preview/cetz:0.1.0"\n#let letter(house, page) = letter-sheet(house, page, [])', "typst_package", 2),
    ],
)
def test_what_a_letter_may_not_do_is_said_with_its_place(workspace, letter, code, line):
    (problem,) = problems_of(workspace(letter))
    assert (problem.code, problem.place.file, problem.place.line) == (
        code,
        "templates/post/win_back/letter.typ",
        line,
    )


def test_an_unknown_value_in_a_text_has_its_place_and_the_nearest_name(workspace):
    folder = workspace(
        "#let letter(house, page) = letter-sheet(house, page, page.text.extra)",
        "extra: {fi: x, sv: '{{ member.first_nam }}', en: x}\n",
    )
    (problem,) = problems_of(folder)
    assert problem.place.file == "templates/post/win_back/texts.yaml"
    assert problem.hint == "`member.first_name`"


def test_a_letter_without_the_right_to_object_is_refused(workspace):
    folder = workspace(**{"layout.typ": lambda text: text.replace("words.objection", "words.closing")})
    assert [problem.code for problem in problems_of(folder)] == ["colophon"]


def test_a_letter_longer_than_its_envelope_takes_is_refused(workspace):
    long = "{ for _ in range(3) { pagebreak() }; title(page.text.title) }"
    folder = workspace(
        f"#let letter(house, page) = letter-sheet(house, page, {long})",
        **{"profile.yaml": lambda text: text.replace("sheets: 8", "sheets: 1")},
    )
    assert [problem.code for problem in problems_of(folder)] == ["too_long"] * 3


OFFERS = "#let letter(house, page) = letter-sheet(house, page, offer-rows(page.offers))"


def test_offers_are_rows_with_the_lowest_price_beside_a_reduced_one(workspace, tmp_path):
    folder = workspace(OFFERS)
    letter = LetterTemplate.compile(folder, Language.EN, SETTINGS)
    offer = {"title": "Cheese", "text": "Mature", "price": Decimal("12.9"), "unit": "kg", "reduced": True}
    plain = {**offer, "title": "Bread", "reduced": False, "unit": None, "lowest_price_30d": None}
    context = {**sample("win_back", Language.EN), "offers": [{**offer, "lowest_price_30d": Decimal("15.9")}, plain]}
    page = letter.fill(context, address())
    assert [row["lowest"] for row in page["offers"]] == ["Lowest price in 30 days €15.90", ""]
    text = PdfReader(BytesIO(letter.render_bundle([page], WHEN).pdf)).pages[0].extract_text()
    assert "€12.90 / kg" in text
    assert "offers" in letter_names(folder)


def test_a_service_letter_shows_no_offers(workspace):
    assert "offers_in_service" in {problem.code for problem in problems_of(workspace(OFFERS), Purpose.SERVICE)}


def test_a_print_profile_that_was_verified_is_not_spoken_of(workspace):
    folder = workspace(**{"profile.yaml": lambda text: text.replace("verified: false", "verified: true")})
    assert check_letter(folder, Purpose.MARKETING, KNOWN, SETTINGS) == []


def test_a_letter_without_its_file_is_refused(workspace, tmp_path):
    workspace()
    (tmp_path / "templates/post/win_back/letter.typ").unlink()
    with pytest.raises(AuthorError, match="no such file"):
        LetterTemplate.compile(load_folder(tmp_path, Channel.POST, "win_back"), Language.FI, SETTINGS)


def test_the_day_is_written_out_in_the_language_of_the_reader():
    page = template("win_back", Language.SV).fill({**sample("win_back"), "today": date(2018, 1, 10)}, address())
    assert page["date"].replace("\u00a0", " ") == "10 januari 2018"
