"""Model of the ranking: a file of another version, without a term or with wrong numbers is refused with its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from campaigns.core.errors import UserError
from campaigns.offers.ranking.ranking_model import BUILT_IN, RankingModel, built_in_model, feature_hash, installed_model
from campaigns.offers.ranking.terms import TERM_NAMES

FIRST = TERM_NAMES[0]


def text_with(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = json.loads(BUILT_IN.read_bytes())
    change(content)
    return json.dumps(content, indent=2).encode()


def test_the_built_in_model_has_the_terms_of_this_version() -> None:
    assert built_in_model().feature_hash == feature_hash()
    assert set(built_in_model().coefficients) == set(TERM_NAMES)


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    built_in_model().save(tmp_path / "ranking.json")
    assert installed_model(tmp_path / "ranking.json") == built_in_model()
    assert installed_model(tmp_path / "none.json") == built_in_model()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda content: content.update(feature_hash="0"), "other_features"),
        (lambda content: content.update(format=2), "other_format"),
        (lambda content: content["terms"].pop(FIRST), "missing_term"),
        (lambda content: content["terms"].update(age={"coefficient": 1, "mean": 0, "scale": 1}), "unknown_term"),
        (lambda content: content["terms"][FIRST].update(coefficient=float("nan")), "not_a_number"),
        (lambda content: content["terms"][FIRST].update(scale=0), "not_a_number"),
        (lambda content: content["terms"][FIRST].update(mean="much"), "not_a_number"),
        (lambda content: content.update(intercept=True), "not_a_number"),
        (lambda content: content.update(validation={"recall": None}), "not_a_number"),
        (lambda content: content.update(trained_at="lately"), "not_a_date"),
        (lambda content: content.pop("terms"), "missing_terms"),
    ],
)
def test_a_wrong_model_is_refused_with_its_place(change: Callable[[dict[str, Any]], object], code: str) -> None:
    with pytest.raises(UserError) as refusal:
        RankingModel.parse(text_with(change), "config/ranking.json")
    (problem,) = refusal.value.problems
    assert (problem.code, problem.place.file) == (code, "config/ranking.json")
    assert problem.place.line > 0 or code == "missing_terms"
    assert problem.hint


@pytest.mark.parametrize("text", [b"{", b"\xff", b"[]"])
def test_a_file_that_is_no_model_is_refused(text: bytes) -> None:
    with pytest.raises(UserError) as refusal:
        RankingModel.parse(text, "ranking.json")
    assert {problem.code for problem in refusal.value.problems} <= {"not_json", "not_a_model"}


def test_no_term_is_about_the_person_of_a_member() -> None:
    words = ("age", "birth", "sex", "gender", "region", "postal", "household", "income", "language", "register")
    assert not [name for name in TERM_NAMES for part in name.split("_") if part in words]
