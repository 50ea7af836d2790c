"""Text messages of the example workspace: their length and content, and checks that refuse rule breaches."""

import shutil
from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.sms import check_sms
from campaigns.rendering.sms.gsm7 import SmsEncoding
from campaigns.rendering.sms.sms_template import SmsTemplate, sms_variables
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.workspace.settings_file import load_settings

ROOT = Path(__file__).parents[2]
SETTINGS = load_settings(ROOT / "config/settings.yaml")
KNOWN = frozenset({"member.first_name", "member.bonus_last_month"})
PURPOSES = {
    "birthday": Purpose.MARKETING,
    "bonus_paid": Purpose.SERVICE,
    "weekend_grill": Purpose.MARKETING,
    "weekend_cheese": Purpose.MARKETING,
    "win_back": Purpose.MARKETING,
}
SHIPPED = pytest.mark.parametrize("name", PURPOSES)


def render(name, language, **changes):
    folder = load_template_folder(ROOT, Channel.SMS, name)
    return SmsTemplate.compile(folder, language, SETTINGS).render({**folder.sample(language), **changes})


@pytest.fixture
def workspace(tmp_path):
    """Factory of template folders: the example templates with files of one replaced."""

    def make(name, **files):
        shutil.copytree(ROOT / "templates/sms", tmp_path / "templates/sms", dirs_exist_ok=True)
        for file, text in files.items():
            suffix = "txt" if file == "body" else "yaml"
            (tmp_path / f"templates/sms/{name}/{file}.{suffix}").write_text(text, encoding="utf-8")
        return load_template_folder(tmp_path, Channel.SMS, name)

    return make


def codes(folder, purpose=Purpose.MARKETING, settings=SETTINGS):
    return [problem.code for problem in check_sms(folder, purpose, KNOWN, settings)]


@SHIPPED
def test_a_shipped_template_has_no_problems(name):
    assert check_sms(load_template_folder(ROOT, Channel.SMS, name), PURPOSES[name], KNOWN, SETTINGS) == []


@SHIPPED
@pytest.mark.parametrize("language", Language)
def test_a_message_takes_one_or_two_gsm7_segments(name, language):
    sms = render(name, language)
    assert sms.encoding is SmsEncoding.GSM7
    assert sms.segments in (1, 2)


@SHIPPED
@pytest.mark.parametrize("language", Language)
def test_a_member_without_a_name_gets_a_complete_message(name, language):
    empty_profile = {"first_name": None, "bonus_last_month": None}
    sms = render(name, language, member=empty_profile)
    assert "None" not in sms.text
    assert not {"  ", " ,", " !"} & {sms.text[i : i + 2] for i in range(len(sms.text))}


@SHIPPED
@pytest.mark.parametrize("language", Language)
def test_tw17_fi05_messages_name_the_sender_and_marketing_has_an_opt_out(name, language):
    sms = render(name, language)
    assert sms.text.startswith(SETTINGS.organisation.name.text(language))
    assert ("http://localhost:8000/s/" in sms.text) == (PURPOSES[name] is Purpose.MARKETING)


@pytest.mark.parametrize("language", Language)
def test_the_long_arm_of_the_experiment_is_longer(language):
    assert len(render("win_back", language, arm="long").text) > len(render("win_back", language, arm="short").text)


@pytest.mark.parametrize("name", ["weekend_grill", "weekend_cheese"])
def test_a_weekend_message_without_offers_still_has_its_text(name):
    with_offers, without_offers = render(name, Language.FI), render(name, Language.FI, offers=[])
    assert "€" in with_offers.text
    assert "30 pv alin" in with_offers.text
    assert "€" not in without_offers.text
    assert len(without_offers.text.splitlines()) == 3


def test_the_variables_of_a_message_are_listed():
    assert sms_variables(load_template_folder(ROOT, Channel.SMS, "weekend_grill")) == {
        "links.stop",
        "member.first_name",
        "offers",
        "organisation.name",
    }


def test_a_name_outside_gsm7_is_kept_and_counted_as_ucs2():
    sms = render("birthday", Language.FI, member={"first_name": "Šárka"})
    assert "Šárka" in sms.text
    assert (sms.encoding, sms.segments) == (SmsEncoding.UCS2, 3)


def test_a_name_is_never_parsed_as_a_template():
    assert "{{ organisation }}" in render("birthday", Language.FI, member={"first_name": "{{ organisation }}"}).text


def test_an_empty_message_is_refused(workspace):
    folder = workspace("birthday", body="{% if arm %}[[ wish ]]{% endif %}\n")
    with pytest.raises(TemplateError, match="empty"):
        SmsTemplate.compile(folder, Language.FI, SETTINGS).render({"arm": None})


def test_an_unknown_value_is_reported_with_its_position_and_the_nearest_name(workspace):
    folder = workspace("birthday", body="Hei {{ member.first_nam }}\n[[ stop ]]\n{{ offers[0].prise }}\n")
    problems = [str(problem) for problem in check_sms(folder, Purpose.MARKETING, KNOWN, SETTINGS)]
    assert problems == [
        "templates/sms/birthday/body.txt:1:1: there is no value `member.first_nam` [unknown_variable]\n"
        "  try: `member.first_name`",
        "templates/sms/birthday/body.txt:3:1: there is no value `offers[].prise` [unknown_variable]\n"
        "  try: `offers[].price`",
    ]


def test_an_unknown_value_in_a_text_is_reported_with_the_texts_position(workspace):
    texts = "wish: {fi: 'Hei {{ member.age }}', sv: Hej, en: Hello}\ngift: {fi: a, sv: b, en: c}\n"
    (problem,) = check_sms(workspace("birthday", texts=texts), Purpose.MARKETING, KNOWN, SETTINGS)
    assert (problem.code, problem.place.file, problem.place.line) == (
        "unknown_variable",
        "templates/sms/birthday/texts.yaml",
        1,
    )


def test_a_missing_language_is_refused(workspace):
    with pytest.raises(UserError, match="`wish` is missing in `sv`"):
        workspace("birthday", texts="wish: {fi: Hei, en: Hello}\ngift: {fi: a, sv: b, en: c}\n")


def test_gd17_marketing_without_an_opt_out_is_refused(workspace):
    assert codes(workspace("birthday", body="[[ wish ]]\n")) == ["opt_out"]
    assert codes(workspace("birthday", body="[[ wish ]]\n"), Purpose.SERVICE) == []


def test_offers_in_a_service_message_are_refused():
    assert "offers_in_service" in codes(load_template_folder(ROOT, Channel.SMS, "weekend_grill"), Purpose.SERVICE)


def test_tw17_a_price_needs_the_lowest_price_beside_it(workspace):
    body = "{% for offer in offers %}{{ offer.price | money }}{% endfor %} x [[ stop ]]"
    assert codes(workspace("birthday", body=body)) == ["lowest_price"]


def test_tw17_a_public_link_shortener_is_refused(workspace):
    assert codes(workspace("birthday", body="https://bit.ly/abc [[ stop ]]")) == ["shortener"]


def test_tw03_a_sample_with_too_many_segments_is_refused(workspace):
    assert codes(workspace("birthday", body=f"{'a' * 460} [[ stop ]]")) == ["too_long"] * 3  # once for each language


def test_a_character_outside_gsm7_is_a_warning(workspace):
    (problem,) = check_sms(workspace("birthday", body="☎ [[ stop ]]"), Purpose.MARKETING, KNOWN, SETTINGS)[:1]
    assert str(problem).startswith("templates/sms/birthday/body.txt:1:1: warning: `☎` in `fi` is outside GSM-7")


def test_an_unguarded_optional_value_is_a_warning(workspace):
    problems = check_sms(
        workspace("birthday", body="Hei {{ member.first_name }} [[ stop ]]"), Purpose.MARKETING, KNOWN, SETTINGS
    )
    assert {(problem.code, problem.severity.value) for problem in problems} == {("unguarded", "warning")}
