"""Hostile Jinja templates: none keeps a value of one member for the next, or takes more than a moment."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from time import process_time

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.templates.folder import TemplateSource
from campaigns.rendering.templates.sandbox import TemplateError, compile_template, insert_texts, sandbox_for
from tests.support.template_folders import MJML, SETTINGS, TEXTS, folder_of

CONTEXT: Mapping[str, object] = {
    "member": {"first_name": "Aino"},
    "offers": [{"id": "a"}, {"id": "b"}],
    "today": date(2018, 1, 8),
    "arm": "x",
}

LEAKS = {
    "namespace": "{% set n = namespace(x=0) %}",
    "list_that_grows": "{% set x = [] %}{{ x.append(member.first_name) }}",
    "list_that_grows_by_a_statement": "{% set x = [] %}{% do x.append(member.first_name) %}",
    "list_of_a_value": "{% set x = [member.first_name] %}{{ x[0] }}",
    "offers_that_grow": "{{ offers.append(member) }}",
    "offer_that_is_changed": "{% set offers[0].id = member.first_name %}",
    "member_that_is_changed": "{% set member.first_name = 'x' %}",
    "attribute_of_a_namespace": "{% set ns.x = member.first_name %}",
    "cycler": "{{ cycler('a', 'b').next() }}",
    "joiner": "{% set j = joiner('x') %}{{ j() }}",
    "macro_with_a_mutable_default": "{% macro f(seen=[]) %}{{ seen }}{% endmacro %}",
    "caller": "{% call f() %}x{% endcall %}",
    "import_of_shared_state": "{% import '_shared/state.txt' as state %}",
    "import_with_context": "{% from '_shared/state.txt' import seen with context %}",
    "include_of_another_template": "{% include '../other/body.txt' %}",
    "extends_of_another_template": "{% extends '../other/body.txt' %}",
    "block_of_a_parent": "{% block x %}{{ super() }}{% endblock %}",
    "self": "{{ self.x() }}",
    "self_as_a_value": "{{ self }}",
    "context_of_self": "{{ self._TemplateReference__context }}",
    "environment_of_a_filter": "{{ today|date.environment }}",
    "cache_of_a_filter": "{{ today|date.cache_info() }}",
    "loop_as_a_value": "{% for o in offers %}{{ loop }}{% endfor %}",
    "loop_that_remembers": "{% for o in offers %}{{ loop.changed(o) }}{% endfor %}",
    "loop_that_cycles": "{% for o in offers %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "iterable_of_a_loop": "{% for o in offers %}{{ loop._iterable }}{% endfor %}",
    "context_of_a_loop": "{% for o in offers %}{{ loop._undefined }}{% endfor %}",
    "global_functions": "{{ lipsum(1) }}{{ range(3) }}{{ dict() }}",
    "block_that_is_set": "{% set x %}{{ member.first_name }}{% endset %}",
    "debug": "{% debug %}",
    "translation": "{% trans %}x{% endtrans %}",
    "generator_of_a_filter": "{{ offers|map('first') }}",
    "groups_of_a_filter": "{{ offers|groupby('id') }}",
    "selection_of_a_filter": "{{ offers|selectattr('id')|list }}",
}


@pytest.mark.hostile
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.POST, Channel.PHONE])
@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_no_template_keeps_a_value_from_one_member_to_the_next(channel: Channel, text: str) -> None:
    with pytest.raises((UserError, TemplateError)):
        compile_template(sandbox_for(channel, Language.FI, "EUR"), TemplateSource("body.txt", text)).render(CONTEXT)


@pytest.mark.hostile
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.POST, Channel.PHONE])
def test_a_name_that_one_message_sets_is_unknown_in_the_next(channel: Channel) -> None:
    source = (
        "{% if member.first_name %}{% set seen = member.first_name %}{% endif %}"
        "{% if seen is defined %}{{ seen }}{% endif %}"
    )
    template = compile_template(sandbox_for(channel, Language.FI, "EUR"), TemplateSource("body.txt", source))
    assert template.render(CONTEXT) == "Aino"
    assert template.render({**CONTEXT, "member": {"first_name": None}}) == ""
    assert set(template.compiled.globals) == set()


@pytest.mark.hostile
def test_what_is_printed_of_an_offer_is_not_changed_by_another_message() -> None:
    source = "{% for offer in offers %}{% set offer = member.first_name %}{{ offer }}{% endfor %}"
    template = compile_template(sandbox_for(Channel.SMS, Language.FI, "EUR"), TemplateSource("body.txt", source))
    assert template.render(CONTEXT) == "AinoAino"
    assert CONTEXT["offers"] == [{"id": "a"}, {"id": "b"}]


HUGE = {
    "range": "{% for i in range(10**9) %}x{% endfor %}",
    "text_times_a_number": "{{ 'x' * 1000000000 }}",
    "value_times_a_number": "{{ member.first_name * 1000000000 }}",
    "number_times_a_value": "{{ 1000000000 * member.first_name }}",
    "list_times_a_number": "{{ [1] * 1000000000 }}",
    "offers_times_a_number": "{% for x in offers * 1000000000 %}x{% endfor %}",
    "centred": "{{ member.first_name|center(1000000000) }}",
    "indented": "{{ member.first_name|indent(1000000000) }}",
    "in_batches": "{{ offers|batch(1000000000, 'x')|list }}",
    "in_slices": "{{ offers|slice(1000000000)|list }}",
    "joined": "{{ offers|join('x' * 1000000) }}",
    "replaced": "{{ member.first_name|replace('', 'x') }}",
    "formatted_by_a_filter": "{{ '%1000000000d'|format(1) }}",
    "formatted_by_an_operator": "{{ '%1000000000d' % 1 }}",
    "formatted_with_a_star": "{{ '%*d' % (1000000000, 1) }}",
    "formatted_by_a_method": "{{ '{:1000000000}'.format(1) }}",
    "places_of_a_number": "{{ 1|number(1000000000) }}",
    "places_of_a_number_by_a_product": "{{ 1|number(10000 * 100000) }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "shift_by_a_method": "{{ (1).__lshift__(1000000000) }}",
    "words_of_latin": "{{ lipsum(1000000) }}",
    "wrapped": "{{ member.first_name|wordwrap(1) }}",
    "tojson": "{{ offers|tojson(indent=1000000000) }}",
    "xmlattr": "{{ member|xmlattr }}",
    "loops_of_loops": "{% for a in 'aaaaaaaaa' %}{% for b in 'aaaaaaaaa' %}x{% endfor %}{% endfor %}",
    "loop_in_a_loop_by_with": (
        "{% for a in offers %}{% with %}{% for b in offers %}x{% endfor %}{% endwith %}{% endfor %}"
    ),
    "loop_that_calls_itself": "{% for a in offers recursive %}{{ loop(offers) }}{% endfor %}",
    "macro_that_calls_itself": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "text_that_doubles_by_tildes": "{% set x = 'aaaa' %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
    "text_that_doubles_by_plus": "{% set x = 'aaaa' %}" + "{% set x = x + x %}" * 60 + "{{ x }}",
    "number_that_squares": "{% set x = 99 %}" + "{% set x = x * x %}" * 60 + "{{ x }}",
    "brackets": "{{ " + "(" * 20000 + "1" + ")" * 20000 + " }}",
    "conditions": "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    "comparisons": "{{ 1 " + "< 2 " * 20000 + "}}",
    "sums": "{{ 1 " + "+ 1 " * 20000 + "}}",
}


@pytest.mark.hostile
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_no_template_takes_more_than_a_moment(channel: Channel, text: str) -> None:
    started = process_time()
    with pytest.raises((UserError, TemplateError)):
        compile_template(sandbox_for(channel, Language.FI, "EUR"), TemplateSource("body.txt", text)).render(CONTEXT)
    assert process_time() - started < 4


@pytest.mark.hostile
@pytest.mark.parametrize("file", ["body.mjml", "body.txt"])
def test_includes_that_multiply_are_one_problem(tmp_path: Path, file: str) -> None:
    include = '<mj-include path="{}.part" />'
    parts = {f"{number}.part": include.format(number + 1) * 1000 for number in range(3)}
    text = include.format(0)
    body = MJML.format(content=text) if file.endswith("mjml") else text
    started = process_time()
    problems = check_email(
        folder_of(tmp_path, {**parts, "3.part": "x", file: body}), Purpose.SERVICE, frozenset(), SETTINGS
    )
    assert process_time() - started < 5
    assert {(problem.code, bool(problem.hint)) for problem in problems} == {("include", True)}


@pytest.mark.hostile
@pytest.mark.parametrize("file", ["body.mjml", "body.txt"])
def test_texts_that_multiply_are_one_problem_each_language(tmp_path: Path, file: str) -> None:
    texts = TEXTS + f"long: {{fi: {'x' * 200_000}, sv: x, en: x}}\n"
    body = MJML.format(content="[[ long ]]" * 1000) if file.endswith("mjml") else "[[ long ]]" * 1000
    problems = check_email(
        folder_of(tmp_path, {"texts.yaml": texts, file: body}), Purpose.SERVICE, frozenset(), SETTINGS
    )
    assert {(problem.code, problem.place.file, bool(problem.hint)) for problem in problems} == {
        ("size", "templates/email/trial/texts.yaml", True)
    }


@pytest.mark.hostile
def test_texts_of_an_sms_that_multiply_are_one_problem() -> None:
    source = TemplateSource("body.txt", "[[ long ]]" * 1000)
    with pytest.raises(UserError) as raised:
        insert_texts(source, {"long": "x" * 200_000})
    assert [(problem.code, bool(problem.hint)) for problem in raised.value.problems] == [("size", True)]
