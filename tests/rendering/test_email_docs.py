"""`docs/templates.md`: its examples pass the checks, and its tables are complete."""

import re
import shutil
from pathlib import Path

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering import call_script
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.checks.letter import check_letter
from campaigns.rendering.checks.template_values import COMMON_VALUES, MEMBER_VALUES
from campaigns.rendering.email import mjml
from campaigns.rendering.letters import markup
from campaigns.rendering.sms import sms_template
from campaigns.rendering.templates.filters import template_filters
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.rendering.templates.sandbox import sandbox_for
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.settings_file import load_settings
from campaigns.workspace.template_usage import member_variables

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
KNOWN = frozenset({"member.first_name"})


def test_the_example_email_passes_check(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates" / "email" / "_shared", tmp_path / "templates" / "email" / "_shared")
    folder = tmp_path / "templates" / "email" / "coffee"
    folder.mkdir()
    examples = re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    for file, content in examples:
        (folder / file).write_text(content, encoding="utf-8")

    assert {file for file, _ in examples} == {"texts.yaml", "sample.yaml", "body.mjml", "body.txt"}
    template = load_template_folder(tmp_path, Channel.EMAIL, "coffee")
    settings = load_settings(ROOT / "config" / "settings.yaml")
    assert check_email(template, Purpose.MARKETING, KNOWN, settings) == []


def test_the_example_newsletter_passes_check_in_each_layout(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates" / "email", tmp_path / "templates" / "email")
    (example,) = re.findall(r"```xml\n(<mjml>[^`]*layout_lead[^`]*)```", DOCS)
    settings = load_settings(ROOT / "config" / "settings.yaml")
    known = member_variables(load_catalogue(ROOT / "config" / "catalogue.yaml"), Purpose.NEWSLETTER)
    layouts = re.findall(r"^\| `(layout_\w+\.mjml)` \|", DOCS, re.MULTILINE)

    assert layouts == ["layout_grid.mjml", "layout_lead.mjml", "layout_editorial.mjml"]
    for layout in layouts:
        body = tmp_path / "templates" / "email" / "beauty_brands" / "body.mjml"
        body.write_text(example.replace("layout_lead.mjml", layout), "utf-8")
        template = load_template_folder(tmp_path, Channel.EMAIL, "beauty_brands")
        assert check_email(template, Purpose.NEWSLETTER, known, settings) == []


def test_every_shared_part_is_documented() -> None:
    parts = {path.name for path in (ROOT / "templates" / "email" / "_shared").glob("*.mjml")} - {"sender.mjml"}
    assert [name for name in sorted(parts) if f"`{name}`" not in DOCS] == []


def test_every_filter_and_test_is_documented() -> None:
    sandbox = sandbox_for(Channel.EMAIL, Language.FI, "EUR")
    assert [
        name
        for name in {**template_filters(Language.FI, "EUR"), **sandbox.filters, **sandbox.tests}
        if f"`{name}" not in DOCS
    ] == []


def test_every_value_is_documented() -> None:
    names = {name.rpartition(".")[2] for name in COMMON_VALUES | MEMBER_VALUES}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}`", DOCS)] == []


def test_every_template_file_is_documented() -> None:
    files = {
        mjml.MJML_FILE,
        sms_template.SMS_FILE,
        markup.LETTER_FILE,
        call_script.SCRIPT_FILE,
        call_script.CALL_FILE,
        "texts.yaml",
        "sample.yaml",
    }
    table = DOCS.partition("| file |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([\w.]+)`", table)) == files


def test_the_example_letter_passes_check(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "templates" / "post", tmp_path / "templates" / "post")
    (example,) = re.findall(r"```typst\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "templates" / "post" / "win_back" / "letter.typ").write_text(example, "utf-8")
    settings = load_settings(ROOT / "config" / "settings.yaml")
    problems = check_letter(
        load_template_folder(tmp_path, Channel.POST, "win_back"), Purpose.MARKETING, KNOWN, settings
    )
    assert [problem.code for problem in problems] == ["print_profile"]
