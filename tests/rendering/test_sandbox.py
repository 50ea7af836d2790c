"""Template sandbox: allowed and forbidden expressions, and limits on time."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.templates.folder import TemplateSource
from campaigns.rendering.templates.sandbox import (
    TemplateError,
    compile_template,
    insert_texts,
    sandbox_for,
    variable_uses_in,
)

CONTEXT: Mapping[str, object] = {
    "member": {"first_name": "<b>Åsa</b>", "last_name": None, "items": "kept"},
    "offers": [{"title": "Kahvi", "price": Decimal("3.95")}, {"title": "Tee", "price": Decimal("2.50")}],
    "today": date(2018, 1, 8),
    "arm": "long",
}


def render(text: str, file: str = "body.mjml", channel: Channel = Channel.EMAIL) -> str:
    return compile_template(sandbox_for(channel, Language.FI, "EUR"), TemplateSource(file, text)).render(CONTEXT)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ member.first_name }}", "&lt;b&gt;Åsa&lt;/b&gt;"),
        ("{% if arm == 'long' %}x{% else %}y{% endif %}", "x"),
        ("{% for offer in offers %}{{ loop.index }} {{ offer.title }},{% endfor %}", "1 Kahvi,2 Tee,"),
        ("{{ offers[1].title }} {{ (offers|first).title|upper }}", "Tee KAHVI"),
        ("{% if offers|length is even and loop is not defined %}x{% endif %}", "x"),
        ("{% set name = member.first_name %}{{ name|length }}", "10"),
        ("{% with last = offers|last %}{{ last.price|money }}{% endwith %}", "2,50\xa0€"),
        ("{{ member.last_name or 'ystävä' }}", "ystävä"),
        ("{{ member.items }}", "kept"),
        ("{{ 2 * 3 + 7 % 4 }}", "9"),
        ("{% if 'a' in ['a', 'b'] %}x{% endif %}", "x"),
    ],
)
def test_templates_render_values_conditions_and_loops(template: str, message: str) -> None:
    assert render(template) == message


@pytest.mark.parametrize(
    ("channel", "file", "message"),
    [
        (Channel.EMAIL, "body.mjml", "&lt;b&gt;Åsa&lt;/b&gt;"),
        (Channel.EMAIL, "body.html", "&lt;b&gt;Åsa&lt;/b&gt;"),
        (Channel.EMAIL, "body.txt", "<b>Åsa</b>"),
        (Channel.EMAIL, "texts.yaml", "<b>Åsa</b>"),
        (Channel.SMS, "body.html", "<b>Åsa</b>"),
    ],
)
def test_only_the_html_of_an_email_is_escaped(channel: Channel, file: str, message: str) -> None:
    assert render("{{ member.first_name }}", file, channel) == message


INJECTIONS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ member.__class__ }}",
    "{{ member['__class__'] }}",
    "{{ member|attr('__class__') }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'] }}",
    "{{ joiner.__init__ }}",
    "{{ namespace() }}",
    "{{ dict(a=1) }}",
    "{{ config }}",
    "{{ request.application.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ loop.__class__ }}",
    "{% for offer in offers %}{{ loop.__init__ }}{% endfor %}",
    "{{ member.first_name.format(x) }}",
    "{{ '{0.__class__}'.format(member) }}",
    "{{ member.first_name.encode }}",
    "{{ today.replace }}",
    "{{ offers.append(1) }}",
    "{{ offers.pop }}",
    "{{ offers|map(attribute='__class__')|join }}",
    "{{ offers|pprint }}",
    "{{ 'x'|safe }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'base.html' %}",
    "{% macro run() %}{% endmacro %}",
    "{% call run() %}{% endcall %}",
    "{% block x %}{% endblock %}",
    "{% filter upper %}x{% endfilter %}",
    "{% autoescape false %}{{ member.first_name }}{% endautoescape %}",
    "{% do offers.append(1) %}",
    "{{ [].__class__ }}",
    "{{ {}.__class__ }}",
    "{{ (1).__class__ }}",
    "{{ offers[member.first_name] }}",
    "{{ ''['__class__'] }}",
]


@pytest.mark.parametrize("template", INJECTIONS)
def test_a22_templates_cannot_reach_python_objects(template: str) -> None:
    with pytest.raises((UserError, TemplateError)):
        render(template)


EXPENSIVE = [
    "{% for i in range(10**9) %}x{% endfor %}",
    "{{ 'x' * 10**9 }}",
    "{{ 10**9**9 }}",
    "{{ '%0999999999d' % 1 }}",
    "{{ 'x'|center(10**9) }}",
    "{{ [1] * 10**9 }}",
    "{{ offers|batch(2, 'x')|list }}",
    "{% for a in offers %}{% for b in offers %}{% for c in offers %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in offers recursive %}{{ loop(offers) }}{% endfor %}",
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
    "{% set x = 'aaaaaaaaaa' %}" + "{% set x = x + x %}" * 40 + "{{ x }}",
    "{% set x %}aaaaaaaaaa{% endset %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
    "{% set x = 9 %}" + "{% set x = x * x %}" * 60 + "{{ x }}",
    "{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "9" * 5000 + " }}",
    "{% if 1 %}" * 500,
]


@pytest.mark.parametrize("template", EXPENSIVE, ids=range(len(EXPENSIVE)))
def test_a22_an_expensive_template_is_refused_quickly(template: str) -> None:
    started = process_time()
    with pytest.raises((UserError, TemplateError)):
        render(template)
    assert process_time() - started < 2


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ member.nickname }}", "`nickname`"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ nothing.more }}", "'nothing' is undefined"),
        ("{{ offers[7].title }}", "no element 7"),
        ("{{ member.last_name }}", "an empty value was to be printed"),
        ("{{ today }}", "printed through a filter"),
        ("{{ offers[0].price }}", "printed through a filter"),
        ("{{ offers }}", "a list cannot be printed"),
        ("{{ member.last_name|money }}", "a number was wanted"),
        ("{{ today|date('loud') }}", "`date` has no style `loud`"),
        ("{% if offers[0].price > member.last_name %}{% endif %}", "not supported"),
        ("{{ 1 / 0 }}", "division"),
    ],
)
def test_a_value_that_cannot_be_printed_raises_an_error_with_its_line(template: str, reason: str) -> None:
    with pytest.raises(TemplateError) as raised:
        render(f"first\nsecond\n{template}")
    assert reason in raised.value.reason
    assert (raised.value.place.file, raised.value.place.line) == ("body.mjml", 3)


def test_all_syntax_problems_are_reported_at_once() -> None:
    with pytest.raises(UserError) as raised:
        render("{{ a|mony }}\n{{ f() }}\n{% include 'x' %}\n{{ a is evn }}")
    assert [(p.place.line, p.code, p.hint) for p in raised.value.problems if p.code != "template_syntax"] == [
        (1, "unknown_filter", "`money`"),
        (4, "unknown_test", "`even`"),
    ]
    assert [p.place.line for p in raised.value.problems] == [1, 2, 3, 4]


def test_a_syntax_error_is_reported_with_its_line() -> None:
    with pytest.raises(UserError) as raised:
        render("fine\n{% if %}x{% endif %}")
    assert [(p.place.line, p.code) for p in raised.value.problems] == [(2, "template_syntax")]


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{ member.first_name }}", {"member.first_name"}),
        ("{{ member['first_name'] }}", {"member.first_name"}),
        ("{% set m = member %}{{ m.city }}", {"member.city"}),
        ("{% with m = member %}{{ m.city }}{% endwith %}{{ m.city }}", {"member.city", "m.city"}),
        ("{% for offer in offers %}{{ offer.title }}{% endfor %}", {"offers"}),
        ("{% for offer in offers %}{% set o = offer %}{{ o.title }}{% endfor %}", {"offers"}),
        (
            "{% for offer in offers if offer.reduced %}{{ arm }}{% else %}{{ today|date }}{% endfor %}",
            {"offers", "arm", "today"},
        ),
        ("{{ offers[0].title }}{{ (offers|first).title }}{{ offers|length }}", {"offers"}),
        ("{% for offer in offers %}{% endfor %}{{ offer.title }}", {"offers", "offer.title"}),
        ("{% set offer = 1 %}{{ offer }}", set()),
        ("{% set x = member.city or 'a' %}{{ x }}", {"member.city"}),
        ("{{ member.city if arm == 'long' else organisation.city }}", {"member.city", "arm", "organisation.city"}),
        ("{{ offers[member.household_size].title }}", None),
        ("{% set a, b = member, arm %}{{ a }}", None),
        ("{{ member }}", {"member"}),
        ("plain", set()),
    ],
)
def test_the_variables_of_a_template_are_found(template: str, names: set[str] | None) -> None:
    if names is None:
        with pytest.raises(UserError):
            variable_uses_in(TemplateSource("template", template))
    else:
        assert {use.name for use in variable_uses_in(TemplateSource("template", template))} == names


def test_a_variable_of_a_list_item_is_found_with_its_line() -> None:
    uses = variable_uses_in(TemplateSource("body.txt", "{% for offer in offers %}\n{{ offer.titel }}\n{% endfor %}"))
    assert [(".".join(use.path), use.position.line) for use in uses] == [("offers", 1), ("offers.*.titel", 2)]


def test_variables_of_the_next_item_of_a_loop_are_those_of_the_list() -> None:
    text = (
        "{% for offer in offers %}{{ loop.index }}\n"
        "{% if loop.nextitem is defined %}{% with other = loop.nextitem %}{{ other.titel }}{% endwith %}{% endif %}"
        "{{ loop.previtem.text }}{% endfor %}"
    )
    uses = variable_uses_in(TemplateSource("body.txt", text))
    assert [use.path for use in uses] == [("offers",), ("offers", "*", "titel"), ("offers", "*", "text")]
    assert uses[1].position.line == 2


@given(st.text(max_size=200))
def test_any_text_is_either_rendered_or_refused(text: str) -> None:
    try:
        output = render(text)
    except (UserError, TemplateError):  # anything else that is raised fails this test
        assert "{" in text
    else:
        assert "{" in text or output.splitlines() == text.splitlines()


def test_texts_are_inserted_before_values() -> None:
    filled = insert_texts(
        TemplateSource("body.txt", "[[ greeting ]], [[end]]"), {"greeting": "Hei {{ arm }}", "end": "[[ x ]]"}
    )
    assert filled.text == "Hei {{ arm }}, [[ x ]]"


def test_a_missing_text_is_reported_with_its_line_and_the_nearest_name() -> None:
    with pytest.raises(UserError) as raised:
        insert_texts(TemplateSource("body.txt", "a\nbc [[ greting ]] [[ zzz ]]"), {"greeting": "Hei"})
    assert [(p.place.line, p.place.column, p.code, p.hint) for p in raised.value.problems] == [
        (2, 4, "unknown_text", "`greeting`"),
        (2, 18, "unknown_text", "add it to texts.yaml"),
    ]


def test_a_member_value_is_never_parsed_as_a_template() -> None:
    template = compile_template(
        sandbox_for(Channel.EMAIL, Language.FI, "EUR"), TemplateSource("body.txt", "{{ member.name }}")
    )
    assert template.render({"member": {"name": "{{ 1 }}[[ greeting ]]{% raw %}"}}) == "{{ 1 }}[[ greeting ]]{% raw %}"
