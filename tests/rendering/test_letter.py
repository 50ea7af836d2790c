"""Letters: values and texts of each member in their language, and names that cannot inject markup."""

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

pytestmark = pytest.mark.child_process


@SHIPPED
@LANGUAGES
def test_pr12_fi09_every_page_names_the_address_source_and_the_phone_for_objections(name, language):
    texts = template(name, language).fill(sample(name, language), address(language))["text"]
    for page in draw_letter(name, language).pages:
        text = " ".join(page.extract_text().split())
        assert " ".join(texts["address_source"].split()) in text
        assert "+358 20 000 0000" in text


@SHIPPED
@LANGUAGES
def test_a_member_without_optional_values_gets_a_letter(name, language):
    letter = template(name, language)
    page = letter.fill(
        sample(name, language, first_name=None, bonus_last_month=None), address(language, first_name=None)
    )
    text = first_page(letter, page)
    assert "None" not in text
    assert "Näkkäläjärvi" in text


def test_the_bonus_is_shown_if_there_is_one():
    letter = template("owner_post", Language.EN)
    with_bonus = letter.fill(sample("owner_post", Language.EN, bonus_last_month=Decimal("1234.5")), address())
    without_bonus = letter.fill(sample("owner_post", Language.EN, bonus_last_month=Decimal(0)), address())
    assert (with_bonus["text"]["bonus"], without_bonus["text"]["bonus"]) == ("€1,234.50", "")
    assert "€" not in draw_letter("owner_post", Language.EN, bonus_last_month=None).pages[0].extract_text()


@pytest.mark.parametrize("name", ["owner_post", "owner_post_family"])
@LANGUAGES
def test_a_bonus_of_less_than_a_euro_is_no_headline(name, language):
    letter = template(name, language)

    def texts(bonus):
        filled = letter.fill(sample(name, language, bonus_last_month=Decimal(bonus)), address(language))
        return filled["text"]

    assert texts("0.99")["bonus"] == ""
    assert texts("1.00")["bonus"] != ""
    assert "0.99" not in str(texts("0.99")).replace(",", ".")
    if name == "owner_post":  # its title is about the month's bonus
        assert texts("0.99")["title"] != texts("1.00")["title"]


def test_the_arms_of_the_experiment_differ():
    letter = template("win_back")
    arms = ("short", "long", None)
    arm_texts = [first_page(letter, letter.fill({**sample("win_back"), "arm": arm}, address())) for arm in arms]
    assert arm_texts[0] == arm_texts[2]
    assert "Mitä uutta" in arm_texts[1]
    assert "Mitä uutta" not in arm_texts[0]


@pytest.mark.parametrize(
    "name", ["#sys.version", "#panic()", "*b* _i_ `r`", "$x^2$", ']#import "x"', "\\#", "<letter>", "// x", '"); #x("']
)
def test_a_name_is_text_to_typst(name):
    letter = template("win_back")
    bundle = letter.render_bundle([letter.fill(sample("win_back", first_name=name), address(first_name=name))], WHEN)
    assert name in PdfReader(BytesIO(bundle.pdf)).pages[0].extract_text()
    assert bundle.page_counts == (1,)


def test_every_drawable_character_is_in_the_typeface():
    characters = [chr(code) for code in range(0x20, 0x2300) if can_draw(chr(code))]
    assert {"Å", "š", "Ł", "Ж", "Ω", "€", "–", "”"} <= set(characters)
    letter = template("win_back")
    filled = letter.fill(sample("win_back", first_name=" ".join(characters)), address())
    assert len(letter.render_bundle([filled], WHEN).page_counts) == 1  # a character without a glyph is refused


@pytest.mark.parametrize("name", ["李明", "Aino 🎉", "محمد"])
def test_a_name_outside_the_typeface_is_refused_for_its_letter_only(name):
    with pytest.raises(TemplateError, match="typeface") as raised:
        template("win_back").fill(sample("win_back", first_name=name), address())
    assert name not in str(raised.value)


def test_the_variables_of_a_letter_are_listed():
    assert letter_variables(load_template_folder(ROOT, Channel.POST, "win_back")) == {
        "arm",
        "links.preferences",
        "member.first_name",
        "organisation.business_id",
        "organisation.telephone",
        "today",
    }


def test_the_date_is_in_the_members_language():
    page = template("win_back", Language.SV).fill({**sample("win_back"), "today": date(2018, 1, 10)}, address())
    assert page["date"].replace("\u00a0", " ") == "10 januari 2018"
