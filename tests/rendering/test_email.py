"""E-mail templates: compiled once, rendered for each member, errors with the position in the source."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.rendering.email.email_template import (
    EmailBody,
    EmailTemplate,
    email_variable_uses,
    email_variables,
    one_line,
)
from campaigns.rendering.templates.sandbox import TemplateError
from tests.support.template_folders import SETTINGS, TEXTS, folder_of, html


def render(root: Path, files: dict[str, str], **context: object) -> EmailBody:
    template = EmailTemplate.compile(folder_of(root, files), Language.FI, SETTINGS)
    return template.render({"member": {"first_name": "Aino"}, **context})


def test_subject_text_and_html_are_in_the_members_language(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {**html("[[ subject ]] {{ member.first_name }}"), "body.txt": "[[ subject ]]!\n"})

    bodies = [
        EmailTemplate.compile(folder, language, SETTINGS).render({"member": {"first_name": "Å<"}})
        for language in Language
    ]

    assert [body.subject for body in bodies] == ["Hei", "Hej", "Hello"]
    assert [body.text for body in bodies] == ["Hei!\n", "Hej!\n", "Hello!\n"]
    assert all(f"{body.subject} Å&lt;</div>" in body.html for body in bodies)


def test_the_text_part_is_unescaped_and_without_stray_spaces(tmp_path: Path) -> None:
    body = render(tmp_path, {"body.txt": "\n\n{{ member.first_name }} & co   \n\n\n\n  x\t\n\n"})
    assert body.text == "Aino & co\n\n  x\n"


@given(st.text(max_size=80))
def test_a_subject_is_always_one_line(name: str) -> None:
    line = one_line(f"Hei {name}!")
    assert line.isprintable()
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["A\r\nBcc: x@y.example", "A\nB", "A\x0bB", "A\x85B", "A\u2028B", "A\0B", "A\x1b[31mB"]
)
def test_a_name_cannot_break_the_subject_line(tmp_path: Path, name: str) -> None:
    texts = {"texts.yaml": "subject: {fi: 'Hei {{ member.first_name }}', sv: x, en: y}\n"}
    subject = render(tmp_path, texts, member={"first_name": name}).subject
    assert subject.isprintable()
    assert subject.startswith("Hei A")


def test_a_missing_value_is_reported_with_its_line_of_mjml(tmp_path: Path) -> None:
    mjml = html("x")["body.mjml"].replace("<mj-text>x", "<mj-text>{{ member.first_name }}\n a\n b {{ member.nick }}")

    with pytest.raises(TemplateError) as raised:
        render(tmp_path, {"body.mjml": mjml})

    assert str(raised.value.place) == "templates/email/trial/body.mjml:8:4"
    assert "nick" in raised.value.reason


def test_a_missing_value_in_a_text_is_reported_with_the_texts_line(tmp_path: Path) -> None:
    texts = TEXTS + "lead:\n  fi: Hei {{ member.nick }}\n  sv: x\n  en: y\n"

    for files in (html("a\n [[ lead ]]"), {"body.txt": "a\n[[ lead ]]\n"}):
        with pytest.raises(TemplateError) as raised:
            render(tmp_path, {**html("x"), "body.txt": "x", **files, "texts.yaml": texts})
        assert str(raised.value.place) == "templates/email/trial/texts.yaml:3:7"


def test_a_missing_value_in_a_shared_part_is_reported_with_that_part(tmp_path: Path) -> None:
    shared = tmp_path / "templates/email/_shared"
    shared.mkdir(parents=True)
    (shared / "footer.mjml").write_text("\n\n{{ member.nick }}", encoding="utf-8")

    with pytest.raises(TemplateError, match=r"_shared/footer\.mjml:3:1"):
        render(tmp_path, html('<mj-include path="footer.mjml" />'))


def test_a_syntax_error_is_reported_with_its_position_in_the_source(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        render(tmp_path, html("fine\n{% if %}x{% endif %}"))
    assert str(raised.value.problems[0].place) == "templates/email/trial/body.mjml:7:1"


@pytest.mark.parametrize("missing", ["body.mjml", "body.txt"])
def test_text_and_html_parts_are_required(tmp_path: Path, missing: str) -> None:
    folder = folder_of(tmp_path, {})
    files = {file: data for file, data in folder.files.items() if file != missing}
    folder = type(folder)(folder.channel, folder.name, folder.directory, files, {}, folder.texts, folder.sample_values)

    with pytest.raises(UserError, match=missing):
        EmailTemplate.compile(folder, Language.FI, SETTINGS)


def test_a_subject_is_required(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no text `subject`"):
        EmailTemplate.compile(folder_of(tmp_path, {"texts.yaml": "a: {fi: a, sv: b, en: c}\n"}), Language.FI, SETTINGS)


def test_the_variables_of_all_parts_and_languages_are_listed(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        {
            **html("{% for offer in offers %}[[ line ]]{% endfor %}{{ arm }}"),
            "body.txt": "{{ today|date }}",
            "texts.yaml": "subject: {fi: '{{ member.city }}', sv: '{{ member.first_name }}', en: x}\n"
            "line: {fi: '{{ offer.title }}', sv: x, en: x}\nunused: {fi: '{{ member.phone }}', sv: x, en: x}\n",
        },
    )

    assert email_variables(folder) == {"offers", "arm", "today", "member.city", "member.first_name"}
    assert "offers.*.title" in {".".join(use.path) for use in email_variable_uses(folder)}
