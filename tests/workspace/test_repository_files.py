"""The repository as a workspace: campaigns and offers load without warnings."""

from pathlib import Path
from typing import Final

import pytest

from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_folders import load_audiences
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.paths import Workspace
from campaigns.workspace.settings_file import load_settings

REPOSITORY: Final = Workspace(Path(__file__).parents[2])


@pytest.mark.parametrize("path", REPOSITORY.campaign_files(), ids=lambda path: path.stem)
def test_a_campaign_of_the_repository_loads(path: Path, bare_vocabulary: RuleVocabulary) -> None:
    audiences = load_audiences(REPOSITORY.audiences, bare_vocabulary).audiences
    campaigns = frozenset(file.stem for file in REPOSITORY.campaign_files())
    vocabulary = RuleVocabulary(bare_vocabulary.catalogue, audiences=frozenset(audiences), campaigns=campaigns)
    newsletters = load_settings(REPOSITORY.settings).newsletters
    _, warnings = load_campaign(path, vocabulary, audiences=audiences, newsletters=newsletters)
    assert warnings == ()


def test_the_offers_of_the_repository_load() -> None:
    offers = load_offers(REPOSITORY.offers, load_catalogue(REPOSITORY.catalogue))
    assert len({offer.id for offer in offers}) == len(offers) > 0
