"""The privacy notice, and which text of it, is told by every page, e-mail and confirmation (GD-09)."""

from pathlib import Path

import pytest

from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import PrivacyNotice, Settings
from campaigns.operations.doctor import providers
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.rendering.checks.notices import sample_notices
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.notice_writer import NoticeValues, NoticeWriter, notice_text
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.web import page_renderer
from campaigns.web.page_renderer import PageRenderer
from tests.support.provider_fixtures import SETTINGS

EXAMPLES = Path(__file__).parents[2]
NOTICE = {
    "fi": "https://www.example.org/tietosuoja",
    "sv": "https://www.example.org/dataskydd",
    "en": "https://www.example.org/privacy",
    "version": "2026-05",
}
_ORGANISATION = SETTINGS.organisation.model_copy(update={"privacy_notice": PrivacyNotice.model_validate(NOTICE)})
SAYING = SETTINGS.model_copy(update={"organisation": _ORGANISATION})
EMAILS = sorted(folder.name for folder in (EXAMPLES / "templates" / "email").glob("[!_]*/"))


def page(settings: Settings, language: Language) -> str:
    return bytes(PageRenderer(settings).render("sign_in", language, "/me").body).decode()


@pytest.mark.parametrize("language", Language)
def test_gd09_every_page_leads_to_the_notice_in_its_language_and_says_which_text_it_is(language: Language):
    assert f'href="{NOTICE[language]}"' in page(SAYING, language)
    assert NOTICE["version"] in page(SAYING, language)
    assert "example.org/" not in page(SETTINGS, language).replace("lahde.example.org", "")


def test_gd09_every_page_has_the_foot_that_says_it():
    files = Path(page_renderer.__file__).with_name("pages").rglob("*.html")
    whole = {file.name for file in files if "<html" in file.read_text("utf-8")}
    assert whole == {"page.html", "whole_file.html"}  # the frame of all, and a file that is taken along


@pytest.mark.parametrize("name", EMAILS)
@pytest.mark.parametrize("language", Language)
def test_gd09_every_email_of_the_example_leads_to_it_in_both_parts(name: str, language: Language):
    folder = load_template_folder(EXAMPLES, Channel.EMAIL, name)
    sample = folder.sample(language)
    said = {**sample, "organisation": {**sample["organisation"], "privacy_notice": NOTICE[language]}}
    body = EmailTemplate.compile(folder, language, SAYING).render(said)
    assert f'href="{NOTICE[language]}"' in body.html
    assert NOTICE[language] in body.text
    silent = {**sample, "organisation": {**sample["organisation"], "privacy_notice": None}}
    body = EmailTemplate.compile(folder, language, SETTINGS).render(silent)
    assert folder.texts_in(language)["privacy_notice"] not in body.html + body.text


@pytest.mark.parametrize("language", Language)
def test_gd09_every_confirmation_leads_to_it(language: Language):
    for kind, about in sample_notices(SAYING):
        said = notice_text(kind, about, NoticeValues(language), SAYING)
        body = NoticeWriter(SAYING).email(said, language)
        assert f'href="{NOTICE[language]}"' in body.html
        assert NOTICE[language] in body.text
        silent = NoticeWriter(SETTINGS).email(said, language)
        assert NOTICE[language] not in silent.html + silent.text


def test_gd09_the_doctor_warns_where_there_is_none():
    missing, said = providers.check_privacy_notice(SETTINGS), providers.check_privacy_notice(SAYING)
    assert (missing.level, said.level) == (FindingLevel.WARN, FindingLevel.OK)
    assert NOTICE["version"] in said.said


def test_gd09_a_message_is_given_what_the_settings_say():
    assert SETTINGS.organisation.template_values(Language.FI)["privacy_notice"] is None
    told = {language: SAYING.organisation.template_values(language) for language in Language}
    assert {language: values["privacy_notice"] for language, values in told.items()} == {
        language: NOTICE[language] for language in Language
    }
