"""Bad files below tests/bad: each is refused with exactly the text in the file beside it.

Among them a winner by opens (A-13) and a soft opt-in without its terms (FI-02).

After a change of texts, `python -m tests.workspace.test_bad_files` rewrites the expected texts; review the diff.
"""

import os
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Final

import pytest

from campaigns.core.errors import Problem, UserError
from campaigns.core.yaml.source import read_yaml
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import load_audience
from campaigns.workspace.audience_folders import load_audiences
from campaigns.workspace.brand_file import load_brand
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.settings_file import load_settings
from campaigns.workspace.source_excerpt import source_excerpt
from campaigns.workspace.value_labels import label_file_problems

BAD: Final = Path(__file__).parents[1] / "bad"
CATALOGUE: Final = load_catalogue(Path(__file__).parents[2] / "config" / "catalogue.yaml")
EXAMPLES: Final = Path(__file__).parents[1] / "examples"
FILES: Final = sorted(BAD.glob("*/*.yaml"))

AUDIENCES: Final = load_audiences(EXAMPLES / "audiences", RuleVocabulary(CATALOGUE)).audiences
BRANDS: Final = {"brand": frozenset({"National", "Private"})}
VOCABULARY: Final = RuleVocabulary(CATALOGUE, BRANDS, frozenset(AUDIENCES), frozenset({"win_back"}))


def _campaign(path: Path) -> object:
    return load_campaign(path, VOCABULARY, audiences=AUDIENCES, newsletters={"beauty", "food"})


def _labels(path: Path) -> None:
    problems = [problem for problem in label_file_problems(CATALOGUE, path.parent) if problem.place.file == path.name]
    if problems:
        raise UserError(problems)


LOADERS: Final[dict[str, Callable[[Path], object]]] = {
    "yaml": read_yaml,
    "campaign": _campaign,
    "audience": lambda path: load_audience(path, VOCABULARY),
    "ring": lambda path: load_audiences(path.parent, RuleVocabulary(CATALOGUE)).named(path.stem),
    "settings": load_settings,
    "brand": load_brand,
    "catalogue": load_catalogue,
    "labels": _labels,
    "offers": lambda path: load_offers(path, CATALOGUE, ("shop.example",)),
}


def problems_of(file: Path) -> tuple[Problem, ...]:
    """Return the problems of a bad file, named relative to its own folder."""
    with chdir(file.parent), pytest.raises(UserError) as raised:
        LOADERS[file.parent.name](Path(file.name))
    return raised.value.problems


def printed_problems(file: Path) -> str:
    """Return the problems as printed on a terminal."""
    text = file.read_bytes().decode(errors="replace")
    return "\n".join(source_excerpt(problem, text) for problem in problems_of(file)) + "\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_bad_file_is_refused_with_its_expected_text(file: Path) -> None:
    assert printed_problems(file) == file.with_suffix(".txt").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_problem_has_its_own_position_and_a_hint(file: Path) -> None:
    problems = problems_of(file)
    assert all(problem.hint and problem.code for problem in problems)
    assert len({(problem.place, problem.message) for problem in problems}) == len(problems)


if __name__ == "__main__":
    for file in FILES:
        file.with_suffix(".txt").write_text(printed_problems(file))
        os.write(1, f"== {file.parent.name}/{file.name}\n{printed_problems(file)}\n".encode())
