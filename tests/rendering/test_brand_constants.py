"""Constants of the brand in e-mail templates: written in before MJML compiles, and checked."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.brand import Brand, Colours, Logo, LogoPicture
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.email.email_template import EmailTemplate
from tests.support.template_folders import SETTINGS, folder_of, html

PICTURE = LogoPicture("brand/logo.png", b"", 400, 100)
BRAND = Brand(
    colours=Colours(accent="#8A2152"),
    logo=Logo(PICTURE, PICTURE, 200),
    footer=Localised(fi="Me & te", sv="Vi & ni", en="Us & you"),
)
BRANDED = SETTINGS.model_copy(update={"brand": BRAND})
LOGO = (
    "</mj-text><mj-raw>{% if brand.logo %}</mj-raw>"
    '<mj-image src="[[ brand.logo ]]" alt="{{ organisation.name }}" width="[[ brand.logo_width ]]px" />'
    "<mj-raw>{% else %}</mj-raw><mj-text>{{ organisation.name }}</mj-text><mj-raw>{% endif %}</mj-raw><mj-text>"
)


def rendered(root: Path, content: str, settings=SETTINGS, language=Language.FI) -> str:
    folder = folder_of(root, html(content))
    context = {
        "organisation": settings.organisation.template_values(language),
        "brand": settings.brand.template_values(language, "http://localhost:8000"),
    }
    return EmailTemplate.compile(folder, language, settings).render(context).html


def test_constants_become_the_brand_s_colours(tmp_path):
    content = '<span style="color:[[ brand.accent ]];background:[[ brand.dark.paper ]]">x</span>'
    assert "color:#8A2152;background:#182322" in rendered(tmp_path, content, BRANDED)
    assert "color:#0E6A62;background:#182322" in rendered(tmp_path, content)


def test_the_footer_is_in_the_reader_s_language_and_escaped(tmp_path):
    assert "Vi &amp; ni" in rendered(tmp_path, "[[ brand.footer ]]", BRANDED, Language.SV)


def test_a_logo_has_an_address_of_ours_and_its_width(tmp_path):
    body = rendered(tmp_path, LOGO, BRANDED)
    assert 'src="http://localhost:8000/images/brand/logo.png"' in body
    assert 'width="200"' in body


def test_without_a_logo_its_place_is_left_out(tmp_path):
    body = rendered(tmp_path, LOGO)
    assert "<img" not in body
    assert "Osuuskauppa Lähde" in body


def test_an_unknown_constant_is_refused_at_its_place_with_the_nearest(tmp_path):
    with pytest.raises(UserError) as raised:
        rendered(tmp_path, "[[ brand.acent ]]")
    (problem,) = raised.value.problems
    assert (problem.place.line, problem.code, problem.hint) == (6, "unknown_brand", "`brand.accent`")


@pytest.mark.parametrize("settings", [SETTINGS, BRANDED], ids=["no brand", "brand"])
def test_a_template_with_constants_and_values_of_the_brand_is_in_order(tmp_path, settings):
    files = html(f"[[ brand.footer ]]{LOGO}{{% if brand.footer %}}{{{{ brand.footer }}}}{{% endif %}}")
    assert check_email(folder_of(tmp_path, files), Purpose.SERVICE, frozenset(), settings) == []
