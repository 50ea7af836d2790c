"""Audience counts: the effect of each condition agrees with a count without it."""

from itertools import combinations

import pytest

from campaigns.core.model.enums import Language
from campaigns.runs.planning.audience_count import AudienceCount
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

CONDITIONS = {
    "owner": "register: owners",
    "north": "region: Lappi",
    "small": "household_size: {at_most: 2}",
    "coffee": "bought: {where: {product_category: COFFEE}, within: 60 days}",
}


def count(workspace: SampleWorkspace, *names: str) -> AudienceCount:
    parts = "".join(f"\n    - {CONDITIONS[name]}" for name in names)
    path = workspace.root / "config" / "audiences" / "sample.yaml"
    path.write_text(f"title: {{fi: x, sv: x, en: x}}\nmatch:\n  all:{parts}\n", "utf-8")
    workspace.engine.context.reload_files()
    return workspace.engine.queries.count(
        workspace.engine.queries.count_query("sample", workspace.clock.time), Language.EN
    )


@pytest.fixture
def workspace_with_objections(workspace: SampleWorkspace) -> SampleWorkspace:
    workspace.record_choices("m03", "no_purchase_detail")
    workspace.record_choices("m05", "no_marketing")
    return workspace


@pytest.mark.long
@pytest.mark.parametrize(
    "names", [names for size in (2, 3, 4) for names in combinations(CONDITIONS, size)], ids="-".join
)
def test_condition_removes_the_members_gained_without_it(
    workspace_with_objections: SampleWorkspace, names: tuple[str, ...]
) -> None:
    whole = count(workspace_with_objections, *names)
    for name, part in zip(names, whole.parts, strict=True):
        remaining = [other for other in names if other != name]
        assert part.removes == count(workspace_with_objections, *remaining).matched - whole.matched


def test_every_member_is_true_false_or_unknown_for_each_condition(workspace_with_objections: SampleWorkspace) -> None:
    whole = count(workspace_with_objections, *CONDITIONS)
    assert whole.not_processed == 1
    assert [part.true + part.false + part.unknown for part in whole.parts] == [len(MEMBERS) - 1] * 4
    assert {name: part.unknown for name, part in zip(CONDITIONS, whole.parts, strict=True)} == {
        "owner": 0,
        "north": 0,
        "small": 3,
        "coffee": 1,
    }


@pytest.mark.parametrize(("language", "word"), [("fi", "jäsen"), ("sv", "medlem"), ("en", "member")])
def test_conditions_are_described_in_the_requested_language(
    workspace_with_objections: SampleWorkspace, language: str, word: str
) -> None:
    count(workspace_with_objections, "owner", "north")
    question = workspace_with_objections.engine.queries.count_query("sample", workspace_with_objections.clock.time)
    parts = workspace_with_objections.engine.queries.count(question, Language(language)).parts
    assert [part.condition for part in parts] == [
        question.describe_condition(condition, Language(language)) for condition in question.parts().values()
    ]
    assert word in " ".join(part.condition for part in parts).lower()
