"""Every page, e-mail and confirmation links to the privacy notice (GD-09)."""

from pathlib import Path

import pytest

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.core.model.settings import PrivacyNotice, Settings
from campaigns.operations.doctor import providers
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.rendering.checks.notices import sample_notices
from campaigns.rendering.checks.template_values import sample_values
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.notice_writer import NoticeValues, NoticeWriter, notice_text
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.web import page_renderer
from campaigns.web.page_renderer import PageRenderer
from tests.support.provider_fixtures import SETTINGS

pytestmark = pytest.mark.long

REPOSITORY = Path(__file__).parents[2]
NOTICE = {
    "fi": "https://www.example.org/tietosuoja",
    "sv": "https://www.example.org/dataskydd",
    "en": "https://www.example.org/privacy",
    "version": "2026-05",
}
_ORGANISATION = SETTINGS.organisation.model_copy(update={"privacy_notice": PrivacyNotice.model_validate(NOTICE)})
SETTINGS_WITH_NOTICE = SETTINGS.model_copy(update={"organisation": _ORGANISATION})
EMAILS = sorted(folder.name for folder in (REPOSITORY / "templates" / "email").glob("[!_]*/"))


def page(settings: Settings, language: Language) -> str:
    return bytes(PageRenderer(settings).render("sign_in", language, "/me", form_token="x", written="").body).decode()


@pytest.mark.parametrize("language", Language)
def test_gd09_every_page_links_to_the_notice_in_its_language_and_names_its_version(language: Language):
    assert f'href="{NOTICE[language]}"' in page(SETTINGS_WITH_NOTICE, language)
    assert NOTICE["version"] in page(SETTINGS_WITH_NOTICE, language)
    assert "example.org/" not in page(SETTINGS, language).replace("lahde.example.org", "")


def test_gd09_every_page_extends_the_template_with_the_footer():
    files = Path(page_renderer.__file__).with_name("pages").rglob("*.html")
    layouts = {file.name for file in files if "<html" in file.read_text("utf-8")}
    assert layouts == {"page.html", "my_data_file.html"}  # the layout of every page, and the exported file


@pytest.mark.parametrize("name", EMAILS)
@pytest.mark.parametrize("language", Language)
def test_gd09_every_example_email_links_to_the_notice_in_both_parts(name: str, language: Language):
    folder = load_template_folder(REPOSITORY, Channel.EMAIL, name)
    sample = sample_values(folder, Purpose.MARKETING, language, SETTINGS)
    values = {**sample, "organisation": {**sample["organisation"], "privacy_notice": NOTICE[language]}}
    body = EmailTemplate.compile(folder, language, SETTINGS_WITH_NOTICE).render(values)
    assert f'href="{NOTICE[language]}"' in body.html
    assert NOTICE[language] in body.text
    values_without_notice = {**sample, "organisation": {**sample["organisation"], "privacy_notice": None}}
    body = EmailTemplate.compile(folder, language, SETTINGS).render(values_without_notice)
    assert folder.texts_in(language)["privacy_notice"] not in body.html + body.text


@pytest.mark.parametrize("language", Language)
def test_gd09_every_confirmation_links_to_the_notice(language: Language):
    for kind, about in sample_notices(SETTINGS_WITH_NOTICE):
        text = notice_text(kind, about, NoticeValues(language), SETTINGS_WITH_NOTICE)
        body = NoticeWriter(SETTINGS_WITH_NOTICE).email(text, language)
        assert f'href="{NOTICE[language]}"' in body.html
        assert NOTICE[language] in body.text
        body_without_notice = NoticeWriter(SETTINGS).email(text, language)
        assert NOTICE[language] not in body_without_notice.html + body_without_notice.text


def test_gd09_the_doctor_warns_about_a_missing_notice():
    missing, given = providers.check_privacy_notice(SETTINGS), providers.check_privacy_notice(SETTINGS_WITH_NOTICE)
    assert (missing.level, given.level) == (FindingLevel.WARN, FindingLevel.OK)
    assert NOTICE["version"] in given.said


def test_gd09_messages_get_the_notice_of_the_settings():
    assert SETTINGS.organisation.template_values(Language.FI)["privacy_notice"] is None
    template_values = {language: SETTINGS_WITH_NOTICE.organisation.template_values(language) for language in Language}
    assert {language: values["privacy_notice"] for language, values in template_values.items()} == {
        language: NOTICE[language] for language in Language
    }
