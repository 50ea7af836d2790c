"""Each file below tests/bad is refused with exactly the text that stands beside it.

After a change of words: `python -m tests.workspace.test_bad_files` writes the texts anew; read the difference.
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
from campaigns.workspace.audience_file import load_audience, load_audiences
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.repository import load_settings
from campaigns.workspace.source_excerpt import source_excerpt

BAD: Final = Path(__file__).parents[1] / "bad"
CATALOGUE: Final = load_catalogue(Path(__file__).parents[2] / "config" / "catalogue.yaml")
EXAMPLES: Final = Path(__file__).parents[1] / "examples"
FILES: Final = sorted(BAD.glob("*/*.yaml"))

AUDIENCES: Final = load_audiences(EXAMPLES / "audiences", RuleVocabulary(CATALOGUE))
BRANDS: Final = {"brand": frozenset({"National", "Private"})}
VOCABULARY: Final = RuleVocabulary(CATALOGUE, BRANDS, frozenset(AUDIENCES), frozenset({"win_back"}))


def _campaign(path: Path) -> object:
    return load_campaign(path, VOCABULARY, audiences=AUDIENCES, newsletters={"beauty", "food"})


LOADERS: Final[dict[str, Callable[[Path], object]]] = {
    "yaml": read_yaml,
    "campaign": _campaign,
    "audience": lambda path: load_audience(path, VOCABULARY),
    "ring": lambda path: load_audiences(path.parent, RuleVocabulary(CATALOGUE)),
    "settings": load_settings,
    "catalogue": load_catalogue,
    "offers": lambda path: load_offers(path, CATALOGUE),
}


def problems_of(file: Path) -> tuple[Problem, ...]:
    """What is wrong with a bad file, which is named as from its own folder."""
    with chdir(file.parent), pytest.raises(UserError) as caught:
        LOADERS[file.parent.name](Path(file.name))
    return caught.value.problems


def printed(file: Path) -> str:
    """The problems as a terminal shows them."""
    text = file.read_bytes().decode(errors="replace")
    return "\n".join(source_excerpt(problem, text) for problem in problems_of(file)) + "\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_bad_file_is_refused_in_these_words(file: Path) -> None:
    assert printed(file) == file.with_suffix(".txt").read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_problem_has_its_own_place_and_a_next_step(file: Path) -> None:
    problems = problems_of(file)
    assert all(problem.hint and problem.code for problem in problems)
    assert len({(problem.place, problem.message) for problem in problems}) == len(problems)


if __name__ == "__main__":
    for bad in FILES:
        bad.with_suffix(".txt").write_text(printed(bad))
        os.write(1, f"== {bad.parent.name}/{bad.name}\n{printed(bad)}\n".encode())
