"""`viesti check` writes every note in every language before anybody is owed one."""

import shutil
from pathlib import Path

import pytest

from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.rendering import notice_writer
from campaigns.rendering.checks import notices
from tests.support.provider_fixtures import SETTINGS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copied = tmp_path / "notes"
    shutil.copytree(notice_writer.TEMPLATES_FOLDER, copied)
    monkeypatch.setattr(notice_writer, "TEMPLATES_FOLDER", copied)
    notice_writer._words.cache_clear()
    yield copied
    notice_writer._words.cache_clear()


def test_every_kind_of_note_is_among_the_samples():
    assert {kind for kind, _ in notices.sample_notices(SETTINGS)} == set(NoticeKind)


def test_the_notes_that_we_ship_can_be_written():
    assert list(notices.notice_problems(SETTINGS)) == []


@pytest.mark.parametrize("file", ["body.mjml", "body.txt"])
def test_a_template_that_asks_for_what_no_note_has_is_found(folder: Path, file: str):
    body = folder / file
    body.write_text(body.read_text("utf-8").replace("note.lead", "note.led"), "utf-8")
    assert any("led" in problem.message for problem in notices.notice_problems(SETTINGS))


def test_a_word_that_is_missing_is_found(folder: Path):
    words = folder / "words.yaml"
    words.write_text(words.read_text("utf-8").replace("refused_ending:", "refused_end:"), "utf-8")
    assert any("refused_ending" in problem.message for problem in notices.notice_problems(SETTINGS))
