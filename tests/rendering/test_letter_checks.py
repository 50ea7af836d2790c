"""Checks of letter templates: every problem with its position."""

import re
import shutil
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.letter import check_letter
from campaigns.rendering.letters.letter_template import LetterTemplate, letter_variables
from campaigns.rendering.templates.folder import load_template_folder
from tests.support.sample_letters import PURPOSES, ROOT, SETTINGS, SHIPPED, WHEN, address, first_page, sample

pytestmark = pytest.mark.child_process

KNOWN = frozenset({"member.first_name", "member.bonus_last_month", "member.household_size"})


@SHIPPED
def test_a_shipped_letter_has_only_the_print_profile_warning(name):
    problems = check_letter(load_template_folder(ROOT, Channel.POST, name), PURPOSES[name], KNOWN, SETTINGS)
    assert [(problem.code, problem.severity.value) for problem in problems] == [("print_profile", "warning")]


@pytest.fixture
def workspace(tmp_path):
    """Factory of template folders: the example templates with the win-back letter or its texts changed."""

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
        return load_template_folder(tmp_path, Channel.POST, "win_back")

    return make


def problems_of(folder, purpose=Purpose.MARKETING):
    problems = check_letter(folder, purpose, KNOWN, SETTINGS)
    return [problem for problem in problems if problem.code != "print_profile"]


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
def test_a_forbidden_or_invalid_expression_is_reported_with_its_line(workspace, letter, code, line):
    (problem,) = problems_of(workspace(letter))
    assert (problem.code, problem.place.file, problem.place.line) == (
        code,
        "templates/post/win_back/letter.typ",
        line,
    )


PHOTO = '#let letter(house, page) = letter-sheet(house, page, image("photo.png"))'


LOGO = (ROOT / "images/brand/logo.png").read_bytes()


def picture(kind: str, size: tuple[int, int]) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (
            b"GIF89a\xff\xff",
            "`photo.png` is no PNG, JPEG or SVG, which a letter can print",
            "save it anew as one of them",
        ),
        (LOGO[:900], "`photo.png` is cut off before its end", "copy it here anew"),
        (
            picture("PNG", (4001, 10)),
            "`photo.png` is 0 kB and 4001 × 10 pixels",
            "at most 500 kB and 4000 pixels; a whole sheet has 2480 × 3508",
        ),
    ],
)
def test_a_picture_that_a_letter_cannot_print_is_reported_where_it_is_used(workspace, tmp_path, content, message, hint):
    workspace()
    (tmp_path / "templates/post/win_back/photo.png").write_bytes(content)
    (problem,) = problems_of(workspace(PHOTO))
    assert (str(problem.place), problem.message) == ("templates/post/win_back/letter.typ:2:61", message)
    assert problem.hint == hint


@pytest.mark.parametrize(("owner", "kind"), [("win_back", "PNG"), ("_shared", "JPEG")])
def test_a_letter_prints_a_picture_of_its_own_once_for_all_members(workspace, tmp_path, owner, kind):
    workspace()
    (tmp_path / f"templates/post/{owner}/photo.png").write_bytes(picture(kind, (300, 150)))
    path = "photo.png" if owner == "win_back" else "../_shared/photo.png"
    letter = f'#let photo = "{path}"\n#let letter(house, page) = letter-sheet(house, page, image(photo, width: 3cm))'
    folder = workspace(letter)
    assert problems_of(folder) == []
    template = LetterTemplate.compile(folder, Language.FI, SETTINGS)
    page = template.fill(sample("win_back", Language.FI), address())
    pdf = template.render_bundle([page, {**page, "date": "2.1.2018"}], WHEN).pdf
    reader = PdfReader(BytesIO(pdf))
    assert [[image.image.size for image in each.images].count((300, 150)) for each in reader.pages] == [1, 1]
    assert len(re.findall(rb"/Width 300\b", pdf)) == 1


def test_a_letter_is_drawn_beside_a_file_that_it_does_not_use(workspace, tmp_path):
    workspace()
    (tmp_path / "templates/post/win_back/photo.png").write_bytes(b"\x89PNG\r\n")
    assert problems_of(workspace()) == []


def test_a_letter_draws_a_picture_in_svg(workspace, tmp_path):
    workspace()
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    (tmp_path / "templates/post/win_back/photo.svg").write_text(drawing)
    assert problems_of(workspace(PHOTO.replace(".png", ".svg"))) == []


def test_an_unknown_value_in_a_text_is_reported_with_the_nearest_name(workspace):
    folder = workspace(
        "#let letter(house, page) = letter-sheet(house, page, page.text.extra)",
        "extra: {fi: x, sv: '{{ member.first_nam }}', en: x}\n",
    )
    (problem,) = problems_of(folder)
    assert problem.place.file == "templates/post/win_back/texts.yaml"
    assert problem.hint == "`member.first_name`"


def test_gd17_a_letter_without_the_right_to_object_is_refused(workspace):
    folder = workspace(**{"layout.typ": lambda text: text.replace("words.objection", "words.closing")})
    assert [problem.code for problem in problems_of(folder)] == ["colophon"]


def test_a_letter_with_too_many_sheets_for_its_envelope_is_refused(workspace):
    three_pages = "{ for _ in range(3) { pagebreak() }; title(page.text.title) }"
    folder = workspace(
        f"#let letter(house, page) = letter-sheet(house, page, {three_pages})",
        **{"profile.yaml": lambda text: text.replace("sheets: 8", "sheets: 1")},
    )
    assert [problem.code for problem in problems_of(folder)] == ["too_long"] * 3


OFFERS = "#let letter(house, page) = letter-sheet(house, page, offer-page(page.text.offers_heading, page.offers))"


def test_offers_have_a_page_and_reduced_ones_show_the_lowest_price(workspace, tmp_path):
    folder = workspace(OFFERS)
    letter = LetterTemplate.compile(folder, Language.EN, SETTINGS)
    offer = {"title": "Cheese", "text": "Mature", "price": Decimal("12.9"), "unit": "kg", "reduced": True}
    offer |= {"valid_to": date(2018, 1, 31), "reason": None, "coupon": None, "image": "x"}
    unreduced = {**offer, "title": "Bread", "reduced": False, "unit": None, "lowest_price_30d": None}
    context = {**sample("win_back", Language.EN), "offers": [{**offer, "lowest_price_30d": Decimal("15.9")}, unreduced]}
    page = letter.fill(context, address())
    assert [row["lowest"] for row in page["offers"]] == ["Lowest price in 30 days €15.90", ""]
    assert "€12.90 / kg" in first_page(letter, page)
    assert "offers" in letter_variables(folder)


def test_offers_in_a_service_letter_are_refused(workspace):
    assert "offers_in_service" in {problem.code for problem in problems_of(workspace(OFFERS), Purpose.SERVICE)}


def test_a_verified_print_profile_gives_no_warning(workspace):
    folder = workspace(**{"profile.yaml": lambda text: text.replace("verified: false", "verified: true")})
    assert check_letter(folder, Purpose.MARKETING, KNOWN, SETTINGS) == []


def test_a_letter_without_its_file_is_refused(workspace, tmp_path):
    workspace()
    (tmp_path / "templates/post/win_back/letter.typ").unlink()
    with pytest.raises(UserError, match="no such file"):
        LetterTemplate.compile(load_template_folder(tmp_path, Channel.POST, "win_back"), Language.FI, SETTINGS)
