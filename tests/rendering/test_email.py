"""One e-mail template: compiled once, filled for each member, wrong values told with the author's own line."""

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


def rendered(root: Path, files: dict[str, str], **context: object) -> EmailBody:
    template = EmailTemplate.compile(folder_of(root, files), Language.FI, SETTINGS)
    return template.render({"member": {"first_name": "Aino"}, **context})


def test_subject_text_and_html_are_written_in_the_member_s_language(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {**html("[[ subject ]] {{ member.first_name }}"), "body.txt": "[[ subject ]]!\n"})

    bodies = [
        EmailTemplate.compile(folder, each, SETTINGS).render({"member": {"first_name": "Å<"}}) for each in Language
    ]

    assert [body.subject for body in bodies] == ["Hei", "Hej", "Hello"]
    assert [body.text for body in bodies] == ["Hei!\n", "Hej!\n", "Hello!\n"]
    assert all(f"{body.subject} Å&lt;</div>" in body.html for body in bodies)


def test_the_text_part_is_not_escaped_and_tidy(tmp_path: Path) -> None:
    body = rendered(tmp_path, {"body.txt": "\n\n{{ member.first_name }} & co   \n\n\n\n  x\t\n\n"})
    assert body.text == "Aino & co\n\n  x\n"


@given(st.text(max_size=80))
def test_a_subject_is_one_line_whatever_it_is_made_of(name: str) -> None:
    line = one_line(f"Hei {name}!")
    assert line.isprintable()
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["A\r\nBcc: x@y.example", "A\nB", "A\x0bB", "A\x85B", "A\u2028B", "A\0B", "A\x1b[31mB"]
)
def test_a_name_breaks_no_line_of_the_subject(tmp_path: Path, name: str) -> None:
    texts = {"texts.yaml": "subject: {fi: 'Hei {{ member.first_name }}', sv: x, en: y}\n"}
    subject = rendered(tmp_path, texts, member={"first_name": name}).subject
    assert subject.isprintable()
    assert subject.startswith("Hei A")


def test_a_missing_value_is_told_with_the_line_in_the_mjml_that_names_it(tmp_path: Path) -> None:
    mjml = html("x")["body.mjml"].replace("<mj-text>x", "<mj-text>{{ member.first_name }}\n a\n b {{ member.nick }}")

    with pytest.raises(TemplateError) as refused:
        rendered(tmp_path, {"body.mjml": mjml})

    assert str(refused.value.place) == "templates/email/trial/body.mjml:8:4"
    assert "nick" in refused.value.reason


def test_a_missing_value_of_a_text_is_told_with_the_line_of_the_text(tmp_path: Path) -> None:
    texts = TEXTS + "lead:\n  fi: Hei {{ member.nick }}\n  sv: x\n  en: y\n"

    for files in (html("a\n [[ lead ]]"), {"body.txt": "a\n[[ lead ]]\n"}):
        with pytest.raises(TemplateError) as refused:
            rendered(tmp_path, {**html("x"), "body.txt": "x", **files, "texts.yaml": texts})
        assert str(refused.value.place) == "templates/email/trial/texts.yaml:3:7"


def test_a_missing_value_of_a_shared_part_is_told_with_that_part(tmp_path: Path) -> None:
    shared = tmp_path / "templates/email/_shared"
    shared.mkdir(parents=True)
    (shared / "footer.mjml").write_text("\n\n{{ member.nick }}", encoding="utf-8")

    with pytest.raises(TemplateError, match=r"_shared/footer\.mjml:3:1"):
        rendered(tmp_path, html('<mj-include path="footer.mjml" />'))


def test_a_syntax_error_points_into_the_author_s_file(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        rendered(tmp_path, html("fine\n{% if %}x{% endif %}"))
    assert str(refused.value.problems[0].place) == "templates/email/trial/body.mjml:7:1"


@pytest.mark.parametrize("missing", ["body.mjml", "body.txt"])
def test_both_parts_are_wanted(tmp_path: Path, missing: str) -> None:
    folder = folder_of(tmp_path, {})
    without = {file: data for file, data in folder.files.items() if file != missing}
    folder = type(folder)(
        folder.channel, folder.name, folder.directory, without, {}, folder.texts, folder.sample_values
    )

    with pytest.raises(UserError, match=missing):
        EmailTemplate.compile(folder, Language.FI, SETTINGS)


def test_a_subject_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no text `subject`"):
        EmailTemplate.compile(folder_of(tmp_path, {"texts.yaml": "a: {fi: a, sv: b, en: c}\n"}), Language.FI, SETTINGS)


def test_the_names_of_all_parts_and_languages_are_known(tmp_path: Path) -> None:
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
    assert "offers.*.title" in {".".join(read.path) for read in email_variable_uses(folder)}
