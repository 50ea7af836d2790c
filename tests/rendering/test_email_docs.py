"""The e-mail that `docs/templates.md` shows is one that works."""

import re
import shutil
from pathlib import Path

from campaigns.loading.settings_file import load_settings
from campaigns.rendering.checks_email import check_email
from campaigns.rendering.checks_values import COMMON, OF_A_MEMBER
from campaigns.rendering.environment import environment
from campaigns.rendering.filters import filters
from campaigns.rendering.folder import load_folder
from campaigns.spec.words import Channel, Language, Purpose

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")


def test_the_whole_email_passes_check(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates" / "email" / "_shared", tmp_path / "templates" / "email" / "_shared")
    folder = tmp_path / "templates" / "email" / "coffee"
    folder.mkdir()
    shown = re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    for file, content in shown:
        (folder / file).write_text(content, encoding="utf-8")

    assert {file for file, _ in shown} == {"texts.yaml", "sample.yaml", "body.mjml", "body.txt"}
    loaded = load_folder(tmp_path, Channel.EMAIL, "coffee")
    settings = load_settings(ROOT / "config" / "settings.yaml")
    assert check_email(loaded, Purpose.MARKETING, frozenset({"member.first_name"}), settings) == []


def test_every_filter_and_test_is_told() -> None:
    sandbox = environment(Channel.EMAIL, Language.FI, "EUR")
    assert [
        name for name in {**filters(Language.FI, "EUR"), **sandbox.filters, **sandbox.tests} if f"`{name}" not in DOCS
    ] == []


def test_every_value_is_told() -> None:
    last = {name.rpartition(".")[2] for name in COMMON | OF_A_MEMBER}
    assert [name for name in sorted(last) if not re.search(rf"\b{name}`", DOCS)] == []
