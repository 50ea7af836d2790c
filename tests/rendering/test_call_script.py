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


WIN_BACK = load_template_folder(ROOT, Channel.PHONE, "win_back")


def reason_to_call(language, **offer):
    values = WIN_BACK.sample(language)
    values |= {"offers": [{**shown, **offer} for shown in values["offers"]]}
    return CallScriptTemplate.compile(WIN_BACK, language, SETTINGS).render_reason(values)


def test_the_reason_to_call_names_the_offer_its_price_and_why():
    text = reason_to_call(Language.EN).replace("\u00a0", " ")
    assert text == (
        "Has been away for a while; tell of this offer: Light roast filter coffee 500 g €3.95 (30-day low €4.95), "
        "until 31 Jan: because you buy goods like this about every 12 days; last 3 weeks ago."
    )


@pytest.mark.parametrize("language", Language)
def test_a_call_to_a_member_whose_purchases_are_not_used_says_nothing_of_them(language):
    text = reason_to_call(language, reason=None)
    assert text.endswith("."), text
    assert "None" not in text
    assert len(text) < len(reason_to_call(language))


def test_a_call_without_an_offer_has_a_reason_all_the_same():
    template = CallScriptTemplate.compile(WIN_BACK, Language.FI, SETTINGS)
    assert template.render_reason({**WIN_BACK.sample(Language.FI), "offers": []}) == "Ei ole käynyt hetkeen"


def test_a_survey_gives_no_reason_beside_its_script():
    assert CallScriptTemplate.compile(FOLDER, Language.FI, SETTINGS).render_reason(FOLDER.sample(Language.FI)) == ""


def test_a_reason_may_use_member_values_that_its_script_may_not():
    assert check_call_script(WIN_BACK, Purpose.MARKETING, frozenset(), SETTINGS) == []
    assert "offers" in script_variables(WIN_BACK)


def test_a_price_in_a_reason_stands_with_the_lowest_of_30_days(tmp_path):
    shutil.copytree(ROOT / "templates/phone", tmp_path / "templates/phone")
    (tmp_path / "templates/phone/win_back/call.txt").write_text(
        "{% for offer in offers %}{{ offer.price | money }}{% endfor %}\n"
    )
    folder = load_template_folder(tmp_path, Channel.PHONE, "win_back")
    assert "lowest_price" in {
        problem.code for problem in check_call_script(folder, Purpose.MARKETING, frozenset(), SETTINGS)
    }
