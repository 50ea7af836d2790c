"""Audience files: references in any order of files, but no cycles."""

from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.condition import InAudience, Not
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import load_audience
from campaigns.workspace.audience_folders import load_audiences
from campaigns.workspace.file_names import unread_file_problems


def _write(folder: Path, **rules: str) -> None:
    for name, rule in rules.items():
        (folder / f"{name}.yaml").write_text(f"title: {name}\nmatch: {rule}\n")


def test_an_audience_may_refer_to_a_later_file(tmp_path: Path, bare_vocabulary: RuleVocabulary) -> None:
    _write(tmp_path, first="{not: {audience: second}}", second="{age: {from: 18}}")
    audiences = load_audiences(tmp_path, bare_vocabulary).audiences
    assert audiences["first"].match == Not(InAudience("second"))
    assert audiences["first"].name == audiences["first"].title == "first"


def test_a_cycle_of_audiences_is_one_problem_with_a_position(tmp_path: Path, bare_vocabulary: RuleVocabulary) -> None:
    _write(tmp_path, first="{audience: second}", second="{all: [{audience: third}]}", third="{audience: first}")
    known = load_audiences(tmp_path, bare_vocabulary)
    assert (known.audiences, known.faults.keys()) == ({}, {"first", "second", "third"})
    ((problem,),) = set(known.faults.values())
    assert (problem.place.file, problem.place.line, problem.code) == (str(tmp_path / "third.yaml"), 2, "audience_cycle")


def test_faults_are_those_of_each_file(tmp_path: Path, bare_vocabulary: RuleVocabulary) -> None:
    _write(tmp_path, first="{aeg: {from: 18}}", second="{audience: nobody}", Third="{register: owners}")
    faults = load_audiences(tmp_path, bare_vocabulary).faults
    assert {name: [problem.code for problem in problems] for name, problems in faults.items()} == {
        "first": ["unknown_field"],
        "second": ["unknown_audience"],
        "Third": ["file_name"],
    }


def test_audience_that_names_a_fault_has_one_and_others_have_none(
    tmp_path: Path, bare_vocabulary: RuleVocabulary
) -> None:
    _write(
        tmp_path,
        outer="{not: {audience: named}}",
        named="{audience: bad}",
        bad="{aeg: {from: 18}}",
        sound="{age: {from: 18}}",
    )
    known = load_audiences(tmp_path, bare_vocabulary)
    assert list(known.audiences) == ["sound"]
    files = {name: [Path(problem.place.file).stem for problem in known.faults[name]] for name in known.faults}
    assert files == {"bad": ["bad"], "named": ["named", "bad"], "outer": ["outer", "named", "bad"]}
    with pytest.raises(UserError):
        known.named("named")


def test_a_warning_of_a_rule_does_not_stop_its_audience(tmp_path: Path, bare_vocabulary: RuleVocabulary) -> None:
    _write(tmp_path, pair="{household_size: [1, 4]}")
    audience, warnings = load_audience(tmp_path / "pair.yaml", bare_vocabulary)
    assert audience.name == "pair"
    assert [warning.place.line for warning in warnings] == [2]


def test_a_missing_folder_has_no_audiences(tmp_path: Path, bare_vocabulary: RuleVocabulary) -> None:
    assert load_audiences(tmp_path / "nothing", bare_vocabulary).audiences == {}


def test_a_file_with_another_suffix_is_a_warning(tmp_path: Path) -> None:
    _write(tmp_path, adults="{age: {from: 18}}")
    (tmp_path / "children.yml").touch()
    (tmp_path / ".hidden").touch()
    assert [(Path(warning.place.file).name, warning.hint) for warning in unread_file_problems(tmp_path)] == [
        ("children.yml", "`children.yaml`")
    ]
    assert list(unread_file_problems(tmp_path / "nothing")) == []
