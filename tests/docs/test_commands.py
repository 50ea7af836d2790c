"""The page of commands is what `make commands` writes, so that it has every command with its words and options."""

import pytest

from campaigns.cli.help_layout import HEADINGS
from tools import write_commands


def test_the_page_is_up_to_date() -> None:
    assert write_commands.PAGE.read_text("utf-8") == write_commands.page(), "run `make commands`"


def test_every_command_stands_under_one_heading() -> None:
    listed = [name for names in HEADINGS.values() for name in names]
    assert sorted(listed) == sorted({words.split()[0] for words in write_commands.commands()})


def test_prose_about_an_unknown_command_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    prose = tmp_path / "prose.md"
    prose.write_text(write_commands.PROSE.read_text("utf-8") + "\n### launch\n", encoding="utf-8")
    monkeypatch.setattr(write_commands, "PROSE", prose)
    with pytest.raises(ValueError, match="launch"):
        write_commands.page()
