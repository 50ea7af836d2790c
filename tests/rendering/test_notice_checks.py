"""Checks of notices: `viesti check` renders every kind in every language."""

import shutil
from pathlib import Path

import pytest

from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.rendering import notice_writer
from campaigns.rendering.checks import notices
from tests.support.provider_fixtures import SETTINGS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy = tmp_path / "notes"
    shutil.copytree(notice_writer.TEMPLATES_FOLDER, copy)
    monkeypatch.setattr(notice_writer, "TEMPLATES_FOLDER", copy)
    notice_writer._words.cache_clear()
    yield copy
    notice_writer._words.cache_clear()


def test_every_kind_of_notice_has_a_sample():
    assert {kind for kind, _ in notices.sample_notices(SETTINGS)} == set(NoticeKind)


def test_the_shipped_notices_have_no_problems():
    assert list(notices.notice_problems(SETTINGS)) == []


@pytest.mark.parametrize("file", ["body.mjml", "body.txt"])
def test_an_unknown_value_in_a_notice_template_is_reported(folder: Path, file: str):
    body = folder / file
    body.write_text(body.read_text("utf-8").replace("note.lead", "note.led"), "utf-8")
    assert any("led" in problem.message for problem in notices.notice_problems(SETTINGS))


def test_a_missing_text_of_a_notice_is_reported(folder: Path):
    texts_file = folder / "words.yaml"
    texts_file.write_text(texts_file.read_text("utf-8").replace("refused_ending:", "refused_end:"), "utf-8")
    assert any("refused_ending" in problem.message for problem in notices.notice_problems(SETTINGS))
