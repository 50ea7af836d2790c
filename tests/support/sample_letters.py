"""Shipped letters filled with their sample values."""

from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.letters.postal_address import PostalAddress
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.workspace.settings_file import load_settings

ROOT = Path(__file__).parents[2]
SETTINGS = load_settings(ROOT / "config/settings.yaml")
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


def template(name, language=Language.FI):
    return LetterTemplate.compile(load_template_folder(ROOT, Channel.POST, name), language, SETTINGS)


def sample(name, language=Language.FI, **member):
    values = load_template_folder(ROOT, Channel.POST, name).sample(language)
    return {**values, "member": {**values["member"], **member}}


def address(language=Language.FI, first_name="Aino", last_name="Näkkäläjärvi"):
    postal_address = PostalAddress.from_contact(
        first_name=first_name,
        last_name=last_name,
        street="Kaivokatu 12 A 4",
        postal_code="00100",
        city="Helsinki",
        language=language,
    )
    assert isinstance(postal_address, PostalAddress)
    return postal_address


@cache
def draw_letter(name, language=Language.FI, to=None, **member):
    letter = template(name, language)
    pages = letter.render_bundle([letter.fill(sample(name, language, **member), to or address(language))], WHEN)
    return PdfReader(BytesIO(pages.pdf))


def first_page(letter, filled):
    """Return the text of a letter's first page."""
    return PdfReader(BytesIO(letter.render_bundle([filled], WHEN).pdf)).pages[0].extract_text()
