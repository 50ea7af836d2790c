"""Fixtures: catalogue, audiences and vocabulary of the example files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from campaigns.core.model.audience import Audience
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_folders import load_audiences
from campaigns.workspace.catalogue_file import load_catalogue

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="session")
def bare_vocabulary() -> RuleVocabulary:
    """Vocabulary of the repository's catalogue without audiences."""
    return RuleVocabulary(load_catalogue(Path(__file__).parents[2] / "config" / "catalogue.yaml"))


@pytest.fixture(scope="session")
def audiences(bare_vocabulary: RuleVocabulary) -> Mapping[str, Audience]:
    return load_audiences(EXAMPLES / "audiences", bare_vocabulary).audiences


@pytest.fixture(scope="session")
def vocabulary(bare_vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]) -> RuleVocabulary:
    names = frozenset(path.stem for path in (EXAMPLES / "campaigns").glob("*.yaml"))
    return RuleVocabulary(bare_vocabulary.catalogue, audiences=frozenset(audiences), campaigns=names)
