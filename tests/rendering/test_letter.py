"""A letter says to each reader what is theirs, in their language, and nothing that a name might ask of it."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.letters.fonts import can_draw
from campaigns.rendering.letters.letter_template import letter_variables
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.rendering.templates.sandbox import TemplateError
from tests.support.sample_letters import (
    LANGUAGES,
    ROOT,
    SHIPPED,
    WHEN,
    address,
    draw_letter,
    first_page,
    sample,
    template,
)


@SHIPPED
@LANGUAGES
def test_pr12_fi09_every_page_says_where_the_address_is_from_and_how_to_object(name, language):
    said = template(name, language).fill(sample(name, language), address(language))["text"]
    for page in draw_letter(name, language).pages:
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
    text = first_page(letter, page)
    assert "None" not in text
    assert "Näkkäläjärvi" in text


def test_the_bonus_is_shown_when_there_is_one():
    letter = template("owner_post", Language.EN)
    with_bonus = letter.fill(sample("owner_post", Language.EN, bonus_last_month=Decimal("1234.5")), address())
    without = letter.fill(sample("owner_post", Language.EN, bonus_last_month=Decimal(0)), address())
    assert (with_bonus["text"]["bonus"], without["text"]["bonus"]) == ("€1,234.50", "")
    assert "€" not in draw_letter("owner_post", Language.EN, bonus_last_month=None).pages[0].extract_text()


def test_the_arms_of_the_experiment_are_told_apart():
    letter = template("win_back")
    arms = ("short", "long", None)
    texts = [first_page(letter, letter.fill({**sample("win_back"), "arm": arm}, address())) for arm in arms]
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
    assert bundle.page_counts == (1,)


def test_everything_that_counts_as_drawable_is_in_the_typeface():
    signs = [chr(code) for code in range(0x20, 0x2300) if can_draw(chr(code))]
    assert {"Å", "š", "Ł", "Ж", "Ω", "€", "–", "”"} <= set(signs)
    letter = template("win_back")
    filled = letter.fill(sample("win_back", first_name=" ".join(signs)), address())
    assert len(letter.render_bundle([filled], WHEN).page_counts) == 1  # a sign without a glyph is refused


@pytest.mark.parametrize("name", ["李明", "Aino 🎉", "محمد"])
def test_one_name_that_cannot_be_drawn_is_refused_by_itself(name):
    with pytest.raises(TemplateError, match="typeface") as raised:
        template("win_back").fill(sample("win_back", first_name=name), address())
    assert name not in str(raised.value)


def test_what_a_letter_reads_is_known_before_it_is_written():
    assert letter_variables(load_template_folder(ROOT, Channel.POST, "win_back")) == {
        "arm",
        "member.first_name",
        "organisation.business_id",
        "organisation.telephone",
        "today",
    }


def test_the_day_is_written_out_in_the_language_of_the_reader():
    page = template("win_back", Language.SV).fill({**sample("win_back"), "today": date(2018, 1, 10)}, address())
    assert page["date"].replace("\u00a0", " ") == "10 januari 2018"
