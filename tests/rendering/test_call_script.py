"""Call scripts: one text for all members, in the language of the call."""

import shutil
from pathlib import Path

import pytest

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.call_script import CallScriptTemplate, script_variables
from campaigns.rendering.checks.call_script import check_call_script
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.workspace.settings_file import load_settings

ROOT = Path(__file__).parents[2]
SETTINGS = load_settings(ROOT / "config/settings.yaml")
FOLDER = load_template_folder(ROOT, Channel.PHONE, "survey_script")


@pytest.mark.parametrize("language", Language)
def test_the_shipped_script_names_the_caller_and_renders_fully(language):
    script = CallScriptTemplate.compile(FOLDER, language, SETTINGS).render(FOLDER.sample(language))
    assert SETTINGS.organisation.name.text(language) in script
    assert script.startswith("# ")
    assert script.count("\n1. ") == 1
    assert "[[" not in script


def test_each_language_has_its_own_script():
    scripts = {
        CallScriptTemplate.compile(FOLDER, language, SETTINGS).render(FOLDER.sample(language)) for language in Language
    }
    assert len(scripts) == 3


def test_the_shipped_script_has_no_problems():
    assert check_call_script(FOLDER, Purpose.SURVEY, frozenset({"member.first_name"}), SETTINGS) == []
    assert script_variables(FOLDER) == {"campaign.title", "organisation.name"}


@pytest.mark.parametrize("name", ["member.first_name", "offers", "links.stop"])
def test_a_script_cannot_use_member_values(name, tmp_path):
    shutil.copytree(ROOT / "templates/phone", tmp_path / "templates/phone")
    script = tmp_path / "templates/phone/survey_script/script.md"
    script.write_text(script.read_text() + f"\n{{% if {name} %}}x{{% endif %}}\n")
    folder = load_template_folder(tmp_path, Channel.PHONE, "survey_script")
    (problem,) = check_call_script(folder, Purpose.SURVEY, frozenset({"member.first_name"}), SETTINGS)
    assert problem.code == "unknown_variable"
    assert problem.place.line == len(script.read_text().splitlines())
