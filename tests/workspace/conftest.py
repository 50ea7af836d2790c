"""The catalogue, audiences and vocabulary of the example files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from campaigns.core.model.audience import Audience
from campaigns.rules.vocabulary import Vocabulary
from campaigns.workspace.audience_file import load_audiences
from campaigns.workspace.catalogue_file import load_catalogue

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="session")
def bare_vocabulary() -> Vocabulary:
    """The names of the repository's catalogue, and no audience."""
    return Vocabulary(load_catalogue(Path(__file__).parents[2] / "config" / "catalogue.yaml"))


@pytest.fixture(scope="session")
def audiences(bare_vocabulary: Vocabulary) -> Mapping[str, Audience]:
    return load_audiences(EXAMPLES / "audiences", bare_vocabulary)


@pytest.fixture(scope="session")
def vocabulary(bare_vocabulary: Vocabulary, audiences: Mapping[str, Audience]) -> Vocabulary:
    names = frozenset(path.stem for path in (EXAMPLES / "campaigns").glob("*.yaml"))
    return Vocabulary(bare_vocabulary.catalogue, audiences=frozenset(audiences), campaigns=names)
