"""Sentences that describe rules, word for word in three languages."""

from pathlib import Path
from typing import Any

import pytest

from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.yaml.source import parse_yaml
from campaigns.rules.describe import describe
from tests.support.example_rules import example_rules
from tests.support.random_rules import RandomRules
from tests.support.random_world import RandomWorld, any_moment, seeded
from tests.support.rule_source import CATALOGUE, RULES_FOLDER, as_plain, parse_rule

TITLES = {
    "active_members": Localised(
        fi="Kahdesti kahdeksassa viikossa asioineet",
        sv="Handlat två gånger på åtta veckor",
        en="Shopped at least twice in eight weeks",
    )
}


def table(path: Path) -> list[Any]:
    content = parse_yaml(b"cases:\n" + path.read_bytes(), path.name).value
    assert isinstance(content, dict)
    return [pytest.param(case, id=str(case["rule"])[:60]) for case in content["cases"]]


@pytest.mark.parametrize("case", table(RULES_FOLDER / "sentences.yaml"))
def test_a_rule_has_its_expected_sentences(case: dict[str, Any]) -> None:
    rule = parse_rule(as_plain(case["rule"]))
    sentences = {language.value: describe(rule, language, CATALOGUE) for language in Language}
    assert sentences == {language: text for language, text in case.items() if language != "rule"}


@pytest.mark.parametrize("case", table(RULES_FOLDER / "example_sentences.yaml"))
def test_an_example_rule_has_its_expected_sentences(case: dict[str, Any]) -> None:
    rule = example_rules()[case["rule"]]
    sentences = {language.value: describe(rule, language, CATALOGUE, TITLES) for language in Language}
    assert sentences == {language: text for language, text in case.items() if language != "rule"}


def test_every_example_rule_has_expected_sentences() -> None:
    assert [case.values[0]["rule"] for case in table(RULES_FOLDER / "example_sentences.yaml")] == list(example_rules())


def test_amounts_are_in_the_given_currency() -> None:
    rule = parse_rule("{shopped: {spend: {from: 1000, to: 2500.5}}}")
    assert describe(rule, Language.FI, CATALOGUE, currency="SEK") == (
        "Jäsen on asioinut, ja näiden ostosten summa on 1\u00a0000–2\u00a0500,50\u00a0SEK."
    )
    assert describe(rule, Language.EN, CATALOGUE, currency="SEK") == (
        "The member has shopped, and the total of these purchases is from SEK\u00a01,000 to SEK\u00a02,500.50."
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_rules_have_complete_sentences(seed: int) -> None:
    """Every sentence is complete, with no placeholder left."""
    random = seeded(seed)
    random_rules = RandomRules(random, RandomWorld(random, *any_moment(random)).today, ["active_members"])
    for rule in (parse_rule(as_plain(random_rules.rule())) for _ in range(20)):
        for language in Language:
            sentences = describe(rule, language, CATALOGUE, TITLES)
            assert sentences.endswith(".")
            assert not any(fragment in sentences for fragment in ("{", "}", "  ", "None", " ."))
