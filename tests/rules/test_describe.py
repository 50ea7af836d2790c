"""What rules say of themselves, word for word in three languages."""

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
from tests.support.rule_source import CATALOGUE, HERE, as_plain, parsed

TITLES = {
    "active_members": Localised(
        fi="Kahdesti kahdeksassa viikossa asioineet",
        sv="Handlat två gånger på åtta veckor",
        en="Shopped at least twice in eight weeks",
    )
}


def table(path: Path) -> list[Any]:
    read = parse_yaml(b"cases:\n" + path.read_bytes(), path.name).value
    assert isinstance(read, dict)
    return [pytest.param(case, id=str(case["rule"])[:60]) for case in read["cases"]]


@pytest.mark.parametrize("case", table(HERE / "sentences.yaml"))
def test_sentence(case: dict[str, Any]) -> None:
    rule = parsed(as_plain(case["rule"]))
    said = {language.value: describe(rule, language, CATALOGUE) for language in Language}
    assert said == {language: text for language, text in case.items() if language != "rule"}


@pytest.mark.parametrize("case", table(HERE / "example_sentences.yaml"))
def test_sentence_of_an_example(case: dict[str, Any]) -> None:
    rule = example_rules()[case["rule"]]
    said = {language.value: describe(rule, language, CATALOGUE, TITLES) for language in Language}
    assert said == {language: text for language, text in case.items() if language != "rule"}


def test_every_example_is_said() -> None:
    assert [case.values[0]["rule"] for case in table(HERE / "example_sentences.yaml")] == list(example_rules())


def test_another_currency() -> None:
    rule = parsed("{shopped: {spend: {from: 1000, to: 2500.5}}}")
    assert describe(rule, Language.FI, CATALOGUE, currency="SEK") == (
        "Jäsen on asioinut, ja näiden ostosten summa on 1\u00a0000–2\u00a0500,50\u00a0SEK."
    )
    assert describe(rule, Language.EN, CATALOGUE, currency="SEK") == (
        "The member has shopped, and the total of these purchases is from SEK\u00a01,000 to SEK\u00a02,500.50."
    )


@pytest.mark.parametrize("seed", range(20))
def test_every_rule_can_say_itself(seed: int) -> None:
    """Whatever is written, something is said, and no blank of a phrase is left unfilled."""
    random = seeded(seed)
    author = RandomRules(random, RandomWorld(random, *any_moment(random)).today, ["active_members"])
    for rule in (parsed(as_plain(author.rule())) for _ in range(20)):
        for language in Language:
            said = describe(rule, language, CATALOGUE, TITLES)
            assert said.endswith(".")
            assert not any(left in said for left in ("{", "}", "  ", "None", " ."))
