"""MJML: checks beyond those of the library, and Jinja tags that survive compilation."""

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.rendering.email.mjml import compile_mjml
from campaigns.rendering.email.mjml_check import mjml_problems
from campaigns.rendering.email.placeholders import Placeholders
from campaigns.rendering.templates.folder import TemplateSource
from tests.support.template_folders import TEXTS, folder_of, html


def problems_of(mjml: str) -> list[tuple[int, str, str, str]]:
    return [(p.place.line, p.code, p.message, p.hint) for p in mjml_problems(TemplateSource("body.mjml", mjml))]


INVALID = [
    ("<mj-section>\n<mj-colum></mj-colum></mj-section>",
     [(2, "mjml_tag", "<mj-colum> is not a tag that we know", "<mj-column>")]),
    ('<mj-section>\n  <mj-column\n widht="50%"></mj-column></mj-section>',
     [(2, "mjml_attribute", "<mj-column> has no attribute `widht`", "`width`")]),
    ("<mj-section>\n<mj-column>\n</mj-section>",
     [(2, "mjml_unclosed", "<mj-column> is not closed", "add `</mj-column>`")]),
    ("<mj-section>", [(1, "mjml_unclosed", "<mj-section> is not closed", "add `</mj-section>`")]),
    ("</mj-section>", [(1, "mjml_unclosed", "</mj-section> closes nothing", "remove it, or open it before")]),
    ("{# a note #}\n<mjml></mjml>\n{# another #}\n{{ x }}\n",
     [(4, "mjml_text", "text outside <mjml>: `{{ x }}`", "remove it, or put it into <mj-text>")]),
    ("<mjml>\n" + "{#" * 100_000 + "</mjml>",
     [(2, "template_syntax", "many `{#` are not closed", "close each with `#}`")]),
    ("<mjml>\n" + '{{"' * 100_001 + "}}</mjml>",
     [(2, "template_syntax", "many `{{` are not closed", "close each with `}}`")]),
    ("{% set x = 1 %}<mjml></mjml>",
     [(1, "mjml_text", "text outside <mjml>: `{% set x = 1 %}`", "remove it, or put it into <mj-text>")]),
    ("<mj-section><mj-text>x</mj-text></mj-section>",
     [(1, "mjml_place", "<mj-text> cannot stand in <mj-section>", "it belongs into <mj-column> or <mj-hero>")]),
    ("<mj-section>\n{% if x %}\n<mj-column></mj-column></mj-section>",
     [(2, "mjml_text", "text directly in <mj-section>: `{% if x %}`", "put it into <mj-raw>")]),
    ("<mj-section><p>x</p></mj-section>",
     [(1, "mjml_place", "<p> cannot stand here", "put it into <mj-text> or <mj-raw>")]),
    ("<mj-text><script>x</script></mj-text>",
     [(1, "mjml_tag", "<script> is refused: mailboxes run no programs", "remove it")]),
    ("<mj-text><iframe></iframe></mj-text>",
     [(1, "mjml_tag", "<iframe> is refused: mailboxes show no frames", "link to the page")]),
    ('<mj-text><a onclick="x" href="#">x</a></mj-text>',
     [(1, "mjml_attribute", "<a> has no attribute `onclick`", "remove it")]),
    ('<mj-text><a href="javascript:x">x</a></mj-text>',
     [(1, "mjml_link", "`href` leads to `javascript:x`", "write a whole https:// address")]),
    ('<mj-button href="offers.html">x</mj-button>',
     [(1, "mjml_link", "`href` leads to `offers.html`", "write a whole https:// address")]),
    ('<mj-image src="https://x.example/y.png" />',
     [(1, "mjml_alt", "<mj-image> has no `alt`", 'say what it shows, or alt="" for an ornament')]),
    ('<mj-image src="https://x.example/y.png" alt="a\xa0b" />',
     [(1, "mjml_attribute", "`alt` holds a character that MJML spoils", "put it into a text")]),
    ('<mj-head><mj-font name="X" href="https://fonts.example/x" /></mj-head>',
     [(1, "mjml_tag", "<mj-font> is refused: it fetches a font from a third party", "use fonts that readers have")]),
    ('<mj-attributes><mj-text colr="red" /></mj-attributes>',
     [(1, "mjml_attribute", "<mj-text> has no attribute `colr`", "`color`")]),
]  # fmt: skip


@pytest.mark.parametrize(("mjml", "expected"), INVALID, ids=range(len(INVALID)))
def test_invalid_mjml_is_reported_with_its_line(mjml: str, expected: list[tuple[int, str, str, str]]) -> None:
    assert problems_of(mjml) == expected


@pytest.mark.parametrize(
    "mjml",
    [
        '<mj-text css-class="a" mj-class="b">Hei <b>sinä</b><br>ja <a href="{{ links.why }}">x</a></mj-text>',
        '<mj-section><mj-raw>{% if a < b and "<mj-colum>" %}</mj-raw><mj-column /></mj-section>',
        '<mj-image src="{{ offer.image }}" alt="[[ alt ]]" />',
        "<mj-attributes><mj-all color='red' /><mj-class name='x' padding-top='1px' /></mj-attributes>",
        "<mj-style>a > b { color: red; }</mj-style>",
        "<!-- <mj-nonsense> --><mj-raw><!--[if mso]></tr><tr><![endif]--></mj-raw>",
        "<mj-table><tr><td>x</td></tr></mj-table>",
    ],
)
def test_valid_mjml_passes(mjml: str) -> None:
    assert problems_of(mjml) == []


def compile_in_finnish(folder_files: dict[str, str], root: Path) -> str:
    return compile_mjml(folder_of(root, folder_files)).in_language(Language.FI).text


def test_jinja_tags_are_kept_unchanged(tmp_path: Path) -> None:
    tags = "{% if a < b and c > 'd' and \"}}\" != '%}' %}{{ x|default('<>&') }}{%- endif -%}"

    text = compile_in_finnish(html(tags), tmp_path)

    for tag in ("if a < b and c > 'd' and \"}}\" != '%}' %}", "x|default('<>&') }}", "endif -%}"):
        assert tag in text


def test_a_jinja_tag_in_an_attribute_is_kept(tmp_path: Path) -> None:
    image = '</mj-text><mj-image src="{{ offer.image }}" alt="{{ offer.title }}" /><mj-text>'

    text = compile_in_finnish(html(image), tmp_path)

    assert "offer.image }}" in text
    assert "offer.title }}" in text


TAGS = ["{{ x }}", "{%- if a < b -%}", "{{ '}}' }}", "{% endif %}", '{{ "{%" }}']


@given(st.lists(st.text("abåö <>&/='\"\n\\") | st.sampled_from(TAGS)))
def test_extracted_tags_are_restored_in_place(pieces: list[str]) -> None:
    source, placeholders = TemplateSource("body.mjml", "".join(pieces)), Placeholders({})

    with_placeholders = placeholders.extract(source)
    text = placeholders.restore(with_placeholders, Language.FI).text

    assert not re.search(r"\{[{%]", with_placeholders)
    assert re.sub(r"(\{[{%]-?)\n", r"\1", text) == source.text


def test_texts_are_inserted_escaped_and_their_tags_unescaped(tmp_path: Path) -> None:
    texts = TEXTS + "lead: {fi: \"Sinä & <minä> {{ a|default('&') }}\", sv: x, en: y}\n"
    image = '</mj-text><mj-image src="{{ x }}" alt="[[ lead ]]" /><mj-text>'

    for content in ("[[ lead ]]", image):
        text = compile_in_finnish({**html(content), "texts.yaml": texts}, tmp_path)
        assert "Sinä &amp; &lt;minä&gt; {{\n a|default('&') }}" in text


@pytest.mark.parametrize(
    "text_value", ["Ää\xa0öö", "e\u0301", "👩‍🚀", "back\\slash", "“quotes” 'and' \"more\"", "a\tb"]
)
def test_every_character_of_a_text_survives_in_an_attribute(tmp_path: Path, text_value: str) -> None:
    escaped = text_value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    texts = TEXTS + f'lead: {{fi: "{escaped}", sv: x, en: y}}\n'
    image = '</mj-text><mj-image src="{{ x }}" alt="[[ lead ]]" /><mj-text>'

    assert f'alt="{text_value}"' in unescape(compile_in_finnish({**html(image), "texts.yaml": texts}, tmp_path))


def test_each_language_has_its_texts_and_language_code(tmp_path: Path) -> None:
    skeleton = compile_mjml(folder_of(tmp_path, html("[[ subject ]]")))

    for language, word in ((Language.FI, "Hei"), (Language.SV, "Hej"), (Language.EN, "Hello")):
        text = skeleton.in_language(language).text
        assert f'<html lang="{language}"' in text
        assert f"<title>{word}</title>" in text
        assert f">{word}</div>" in text


def test_the_html_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    text = compile_in_finnish(html("x"), tmp_path)
    assert "<link" not in text
    assert "@import" not in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/1999/xhtml", "")


def test_comments_are_removed_except_those_for_outlook(tmp_path: Path) -> None:
    text = compile_in_finnish(html("<!-- secret -->a<!--[if mso]>{% if x %}b{% endif %}<![endif]-->"), tmp_path)
    assert "secret" not in text
    assert "<!--[if mso]>{%\n if x %}b{%\n endif %}<![endif]-->" in text


def test_parts_are_included_from_the_template_and_the_shared_folder(tmp_path: Path) -> None:
    shared = tmp_path / "templates/email/_shared"
    shared.mkdir(parents=True)
    (shared / "footer.mjml").write_text('shared <mj-include path="own.mjml" />', encoding="utf-8")

    text = compile_in_finnish({**html('<mj-include path="footer.mjml" />'), "own.mjml": "own"}, tmp_path)

    assert "shared own" in text


@pytest.mark.parametrize(
    "path", ["../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "../_shared/x.mjml", "nothing.mjml", ""]
)
def test_includes_from_other_folders_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UserError) as raised:
        compile_mjml(folder_of(tmp_path, html(f'\n<mj-include path="{path}" />')))
    assert [(p.code, p.place.line) for p in raised.value.problems] == [("include", 7)]


def test_a_part_cannot_include_itself(tmp_path: Path) -> None:
    files = {**html('<mj-include path="a.mjml" />'), "a.mjml": '<mj-include path="b.mjml" />',
             "b.mjml": '\n<mj-include path="a.mjml" />'}  # fmt: skip
    with pytest.raises(UserError, match=r"b\.mjml:2:1: `a\.mjml` includes itself"):
        compile_mjml(folder_of(tmp_path, files))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[[ subjct ]]", "unknown_text"),
        ("{{ '[[ subject ]]' }}", "text_in_tag"),
        ("{% raw %}x{% endraw %}", "template_syntax"),
        ("jq00000qj", "mark"),
    ],
)
def test_a_text_that_cannot_be_inserted_is_reported_with_its_position(tmp_path: Path, content: str, code: str) -> None:
    with pytest.raises(UserError) as raised:
        compile_mjml(folder_of(tmp_path, html(content)))
    first = raised.value.problems[0]
    assert (first.code, str(first.place)) == (code, "templates/email/trial/body.mjml:6:18")


def test_an_error_of_the_mjml_library_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this is not MJML near"):
        compile_mjml(folder_of(tmp_path, html("a < b")))
