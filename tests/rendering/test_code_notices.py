"""Codes in a message say what they open (C-11)."""

import re
from pathlib import Path

import pytest

from audiences.access.one_time_codes import CodeAim
from campaigns.core.model.enums import Language
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.settings import Settings
from campaigns.rendering.notice_writer import NoticeText, NoticeValues, NoticeWriter, notice_text
from campaigns.workspace.settings_file import load_settings

OPENS = {
    Language.FI: ("Kirjaudu", "avaa kaikki tietosi", "sähköpostiosoitteen", "puhelinnumeron"),
    Language.SV: ("Logga in", "öppnar alla dina uppgifter", "e-postadressen", "telefonnumret"),
    Language.EN: ("Sign in", "opens all your data", "e-mail address", "telephone number"),
}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(Path(__file__).parents[2] / "config" / "settings.yaml")


def code_text(settings: Settings, aim: str, language: Language) -> NoticeText:
    return notice_text(NoticeKind.CODE, {"aim": aim}, NoticeValues(language, code="1234 5678"), settings)


@pytest.mark.parametrize("language", Language)
def test_a_code_says_what_it_opens(settings: Settings, language: Language) -> None:
    aims = (CodeAim.SIGN_IN, CodeAim.STEP_UP, CodeAim.EMAIL, CodeAim.PHONE)
    texts = [code_text(settings, aim.value, language) for aim in aims]
    assert [opened in text.lead for opened, text in zip(OPENS[language], texts, strict=True)] == [True] * 4
    assert len({text.subject for text in texts}) == 4
    assert all("1234 5678" in text.lead for text in texts)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("aim", [aim.value for aim in CodeAim])
def test_a_code_by_text_message_takes_two_parts_at_most(settings: Settings, aim: str, language: Language) -> None:
    assert NoticeWriter(settings).sms(code_text(settings, aim, language), language).segments <= 2


@pytest.mark.parametrize("aim", ["", "another"])
def test_a_code_for_another_aim_has_the_general_text(settings: Settings, aim: str) -> None:
    assert code_text(settings, aim, Language.EN).lead.startswith("Your one-time code is 1234 5678.")


REASONS = ("Emme voineet varmistaa henkilöllisyyttä.", "Onko pyyntö sinun?", "Pyyntö oli jo peruttu")


@pytest.mark.parametrize("language", Language)
def test_no_sentence_of_a_text_message_ends_twice(settings: Settings, language: Language) -> None:
    day = "2018-02-08"
    copies = {"letters": day, "message": day, "backups": day, "exports": day}
    details = [{"copies": copies}, *({"request": "erase", "because": reason} for reason in REASONS)]
    kinds = [NoticeKind.ERASED, *[NoticeKind.REFUSED] * len(REASONS)]
    for kind, detail in zip(kinds, details, strict=True):
        message = NoticeWriter(settings).sms(notice_text(kind, detail, NoticeValues(language), settings), language)
        assert re.search(r"[.!?]\.", message.text) is None


@pytest.mark.parametrize(("language", "hour"), [("fi", "klo 11.00"), ("sv", "kl. 11.00"), ("en", "at 11:00")])
def test_a_notice_writes_hours_as_its_language_does(settings: Settings, language: str, hour: str) -> None:
    details = {"request": "access", "opens_at": "2018-01-14T09:00:00+00:00"}
    assert hour in notice_text(NoticeKind.HELD, details, NoticeValues(Language(language)), settings).lead
