"""Checks of e-mail templates: every problem that `check` reports."""

from pathlib import Path

import pytest

from campaigns.core.errors import Problem, Severity
from campaigns.core.model.enums import Purpose
from campaigns.rendering.checks.email import WARNING_BYTES, check_email
from campaigns.rendering.email.email_template import CLIP_BYTES
from tests.support.template_folders import SETTINGS, TEXTS, folder_of, html

KNOWN = frozenset({"member.first_name", "member.bonus_last_month"})
SENDER = "{{ organisation.legal_name }} {{ organisation.business_id }} {{ organisation.street }}"
UNSUBSCRIBE = '<a href="{{ links.unsubscribe }}">x</a>'
LOWEST = "{{ offer.lowest_price_30d|money }}"
PRICE = f"{{{{ offer.price|money }}}} {{% if offer.reduced %}}{LOWEST}{{% endif %}}"
PRICES = f"{{% for offer in offers %}}{PRICE}{{% endfor %}}"
SAMPLE = """
member: {first_name: Aino, bonus_last_month: 3.50}
organisation: {legal_name: Lähde, business_id: "0000000-0", street: Tie 1}
links: {why: "http://localhost:8000/w/x"}
offers:
  - {id: coffee, price: 3.95, lowest_price_30d: 4.95, reduced: true, image: "http://elsewhere.example/a.png"}
"""


def problems_of(
    root: Path, content: str, text: str = "", purpose: Purpose = Purpose.MARKETING, **files: str
) -> list[Problem]:
    """Return the problems of a template with `content` as HTML, `text` as text, a valid sender and a valid opt-out."""
    template_files = {
        **html(f"{content} {UNSUBSCRIBE} {SENDER}"),
        "body.txt": f"{text or content} {{{{ links.unsubscribe }}}} {SENDER}",
        "sample.yaml": SAMPLE,
        **{name.replace("_", "."): file for name, file in files.items()},
    }
    return check_email(folder_of(root, template_files), purpose, KNOWN, SETTINGS)


def codes(problems: list[Problem]) -> list[str]:
    return [problem.code for problem in problems]


def test_a_good_template_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, f"{{% if member.first_name %}}{{{{ member.first_name }}}}{{% endif %}} {PRICES}") == []


def test_an_unknown_value_is_reported_once_with_its_position_and_the_nearest_name(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "x\n{{ member.first_nam }}", "x")
    assert [(str(p.place), p.code, p.hint) for p in problems] == [
        ("templates/email/trial/body.mjml:7:1", "unknown_variable", "`member.first_name`")
    ]


def test_an_unknown_value_of_an_offer_is_reported(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "{% for offer in offers %}{{ offer.titel }}{% endfor %}")
    assert set(codes(problems)) == {"unknown_variable"}
    assert problems[0].message == "there is no value `offers[].titel`"


@pytest.mark.parametrize("purpose", [Purpose.SERVICE, Purpose.RIGHTS])
def test_a26_offers_in_a_service_message_are_refused(tmp_path: Path, purpose: Purpose) -> None:
    assert codes(problems_of(tmp_path, PRICES, purpose=purpose)) == ["offers_in_service"]


def test_fi23_a_price_without_the_lowest_of_30_days_is_refused(tmp_path: Path) -> None:
    assert codes(problems_of(tmp_path, "{% for o in offers %}{{ o.price|money }}{% endfor %}")) == ["lowest_price"]


def test_each_part_with_a_price_must_show_the_lowest_price(tmp_path: Path) -> None:
    hidden = PRICES.replace("if offer.reduced", "if not offer.reduced")
    assert [(p.code, p.place.file[-9:]) for p in problems_of(tmp_path, PRICES, hidden)] == [
        ("lowest_price", "/body.txt")
    ]
    assert [(p.code, p.place.file[-9:]) for p in problems_of(tmp_path, hidden, PRICES)] == [
        ("lowest_price", "body.mjml")
    ]


@pytest.mark.parametrize("purpose", [p for p in Purpose if p not in (Purpose.SERVICE, Purpose.RIGHTS)])
def test_e28_fi04_gd17_marketing_needs_opt_out_and_sender_in_both_parts(tmp_path: Path, purpose: Purpose) -> None:
    problems = problems_of(tmp_path, "", purpose=purpose, **{"body_txt": "x", **html_named("x")})
    assert sorted((p.code, p.place.file[-9:]) for p in problems) == sorted(
        [("opt_out", "/body.txt"), ("opt_out", "body.mjml"), *[("sender", "/body.txt"), ("sender", "body.mjml")] * 3]
    )


def html_named(content: str) -> dict[str, str]:
    return {"body_mjml": html(content)["body.mjml"]}


def test_an_opt_out_url_without_a_link_is_refused_in_html(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "", **html_named(f"{{{{ links.unsubscribe }}}} {SENDER}"))
    assert codes(problems) == ["opt_out"]


def test_a_conditional_opt_out_link_is_refused(tmp_path: Path) -> None:
    hidden = f"{{% if arm == 'a' %}}{UNSUBSCRIBE}{{% endif %}} {SENDER}"
    assert codes(problems_of(tmp_path, "", **html_named(hidden), sample_yaml=f"{SAMPLE}\narm: b")) == ["opt_out"]


def test_a_service_message_needs_no_opt_out(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "", purpose=Purpose.SERVICE, **{"body_txt": "x", **html_named("x")}) == []


@pytest.mark.parametrize(("length", "severity"), [(WARNING_BYTES, Severity.WARNING), (CLIP_BYTES, Severity.ERROR)])
def test_e04_html_too_large_for_mailboxes_is_reported(tmp_path: Path, length: int, severity: Severity) -> None:
    problems = problems_of(tmp_path, "x" * length, "x")
    assert {(p.code, p.severity) for p in problems} == {("size", severity)}


def test_a21_an_unguarded_optional_value_is_a_warning(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "{{ member.bonus_last_month|money }}")
    assert [(p.code, p.severity) for p in problems] == [("unguarded", Severity.WARNING)]


def test_a_sample_that_cannot_be_rendered_is_reported(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "{{ arm }}")
    assert [(p.code, str(p.place)) for p in problems] == [("sample", "templates/email/trial/body.txt:1:1")]


def test_an_image_of_another_host_is_refused(tmp_path: Path) -> None:
    pixel = '<img src="https://tracker.example/p.gif" alt="">'
    assert codes(problems_of(tmp_path, pixel, "x")) == ["foreign_picture"]
    assert problems_of(tmp_path, '<img src="http://localhost:8000/images/a.png" alt="">', "x") == []
    assert problems_of(tmp_path, '{% for o in offers %}<img src="{{ o.image }}" alt="">{% endfor %}', "x") == []


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"texts_yaml": "subject: {fi: '{% if arm == 1 %}x{% endif %}', sv: x, en: x}"}, "subject"),
        ({"body_mjml": html(f"{UNSUBSCRIBE} {SENDER}")["body.mjml"].replace("[[ subject ]]", "")}, "title"),
    ],
)  # fmt: skip
def test_an_empty_subject_or_title_is_refused(tmp_path: Path, files: dict[str, str], code: str) -> None:
    assert code in codes(problems_of(tmp_path, "", sample_yaml=f"{SAMPLE}\narm: a", **files))


def test_a_compile_error_is_reported_alone(tmp_path: Path) -> None:
    assert codes(problems_of(tmp_path, "{{ f() }}", "x")) == ["template_syntax"]
    assert codes(problems_of(tmp_path, "<mj-colum />", "x")) == ["mjml_tag"]


@pytest.mark.parametrize("offers", ["5", "[1, a]", "[{price: x, lowest_price_30d: 2.0}]", "{a: 1}"])
def test_a_malformed_sample_is_a_reported_problem_and_no_crash(tmp_path: Path, offers: str) -> None:
    sample = SAMPLE[: SAMPLE.index("offers:")] + f"offers: {offers}\n"
    problems = problems_of(tmp_path, PRICES, "x", sample_yaml=sample)
    assert set(codes(problems)) <= {"sample"}


def test_e04_addresses_that_count_clicks_are_part_of_the_size(tmp_path: Path) -> None:
    links = f'<a href="https://shop.example.org/{"x" * 900}">x</a>' * 75
    assert set(codes(problems_of(tmp_path, links, "x"))) == {"size"}


def test_a_template_without_own_faults_is_not_blamed_for_a_shared_one(tmp_path: Path) -> None:
    shared = tmp_path / "templates" / "email" / "_shared" / "part.mjml"
    shared.parent.mkdir(parents=True)
    shared.write_text("<mj-section><mj-column><mj-txt>x</mj-txt></mj-column></mj-section>\n", "utf-8")
    body = html("x")["body.mjml"].replace("  </mj-body>", '    <mj-include path="part.mjml" />\n  </mj-body>')
    (problem,) = problems_of(tmp_path, "x", body_mjml=body)
    assert (str(problem.place), problem.code) == ("templates/email/_shared/part.mjml:1:24", "mjml_tag")


@pytest.mark.parametrize(
    "content",
    [
        '<a href="{{ links.why }}"><mj-include path="words.mjml" /></a>',
        '<a name="offers">x</a>',
        '<img src="http://localhost:8000/images/{{ campaign.name }}.png" alt="" />',
        '<img src="http://localhost:8000/images/[[ place ]].png" alt="" />',
        "{% if offers %}{{ (offers|first).id }}{% endif %}",
    ],
)
def test_links_and_pictures_that_a_message_completes_are_no_problem(tmp_path: Path, content: str) -> None:
    files = {
        "words_mjml": "words",
        "sample_yaml": f"campaign: {{name: trial}}{SAMPLE}",
        "texts_yaml": f"{TEXTS}place: {{fi: a, sv: b, en: c}}\n",
    }
    assert problems_of(tmp_path, content, "x", **files) == []
