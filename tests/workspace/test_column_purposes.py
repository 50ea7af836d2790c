"""Purposes of columns: a campaign that uses a column for another purpose does not compile (GD-01)."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Purpose
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_folders import load_audiences
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.template_usage import member_variables

CATALOGUE = Path(__file__).parents[2] / "config" / "catalogue.yaml"
HEAD = "title: {fi: x, sv: x, en: x}\nschedule: {at: '2018-01-05 10:30'}\ncontent: {email: hello}\n"
FORBIDDEN = {
    "a rule about purchase lines": "audience: {bought: {within: 90 days}}",
    "a part of a rule": "audience: {any: [{register: owners}, {not: {bought: {within: 90 days}}}]}",
    "an audience that reads them": "audience: buyers",
    "a variant": (
        "audience: {register: owners}\nvariants: [{name: a, when: {bought: {within: 9 days}}, email: hello},"
        " {name: b, email: hello}]"
    ),
    "a goal": ("audience: {register: owners}\nexperiment: {arms: {a: 50, b: 50}, goal: {bought: {within: 7 days}}}"),
    "the size of the household": "audience: {household_size: {at_least: 2}}",
}


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> RuleVocabulary:
    """Vocabulary of the example's catalogue, with a column that only surveys may use."""
    file = tmp_path_factory.mktemp("catalogue") / "catalogue.yaml"
    text = CATALOGUE.read_text("utf-8")
    column = "      household_size:\n        type: integer\n"
    assert column in text
    file.write_text(text.replace(column, f"{column}        purposes: [survey]\n"), "utf-8")
    return RuleVocabulary(load_catalogue(file))


@pytest.fixture(scope="module")
def audiences(vocabulary: RuleVocabulary, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Audience]:
    folder = tmp_path_factory.mktemp("audiences")
    (folder / "buyers.yaml").write_text("title: Buyers\nmatch: {bought: {within: 90 days}}\n", "utf-8")
    return dict(load_audiences(folder, vocabulary).audiences)


def load(path: Path, vocabulary: RuleVocabulary, audiences: dict[str, Audience], purpose: str, keys: str) -> Campaign:
    head = HEAD.replace("content: {email: hello}\n", "") if "variants" in keys else HEAD
    file = path / "hello.yaml"
    file.write_text(f"{head}purpose: {purpose}\n{keys}\n", "utf-8")
    known = RuleVocabulary(vocabulary.catalogue, {}, frozenset(audiences))
    campaign, _problems = load_campaign(file, known, audiences=audiences)
    return campaign


@pytest.mark.hostile
@pytest.mark.parametrize("keys", FORBIDDEN.values(), ids=FORBIDDEN)
def test_gd01_column_that_is_not_allowed_for_the_purpose_does_not_compile(
    tmp_path: Path, vocabulary: RuleVocabulary, audiences: dict[str, Audience], keys: str
) -> None:
    with pytest.raises(UserError, match="may not be used for the purpose `service`") as raised:
        load(tmp_path, vocabulary, audiences, "service", keys)
    assert "column_purpose" in {problem.code for problem in raised.value.problems}
    assert all(problem.place.line for problem in raised.value.problems)


@pytest.mark.parametrize("keys", list(FORBIDDEN.values())[:-1], ids=list(FORBIDDEN)[:-1])
def test_gd01_column_is_used_for_the_purposes_that_the_catalogue_names(
    tmp_path: Path, vocabulary: RuleVocabulary, audiences: dict[str, Audience], keys: str
) -> None:
    assert load(tmp_path, vocabulary, audiences, "marketing", keys).purpose is Purpose.MARKETING


@pytest.mark.hostile
def test_gd01_template_has_no_field_of_a_column_for_another_purpose(vocabulary: RuleVocabulary) -> None:
    assert "member.household_size" not in member_variables(vocabulary.catalogue, Purpose.MARKETING)
    assert "member.household_size" in member_variables(vocabulary.catalogue, Purpose.SURVEY)


@pytest.mark.hostile
@pytest.mark.parametrize("purposes", ["[everything]", "marketing", "[Marketing]"])
def test_gd01_purposes_are_the_words_of_campaign_files(tmp_path: Path, purposes: str) -> None:
    file = tmp_path / "catalogue.yaml"
    column = "      household_size:\n        type: integer\n"
    file.write_text(CATALOGUE.read_text("utf-8").replace(column, f"{column}        purposes: {purposes}\n"), "utf-8")
    with pytest.raises(UserError, match="catalogue"):
        load_catalogue(file)


@pytest.mark.parametrize("purpose", [Purpose.SERVICE, Purpose.RIGHTS])
def test_gd01_purchase_lines_are_not_for_messages_that_pass_members_choices(purpose: Purpose) -> None:
    columns = load_catalogue(CATALOGUE).tables["purchases"].columns
    assert [name for name, column in columns.items() if column.allows(purpose)] == []
