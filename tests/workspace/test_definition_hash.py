"""Definition hash: changes with the content of a campaign, not with its layout."""

from pathlib import Path

import pytest

from campaigns.core.errors import FilePosition
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign, ChannelTemplates, Experiment, Variant
from campaigns.core.model.condition import All, Condition, InAudience, Not
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.schedule import Schedule
from campaigns.workspace.definition_hash import audiences_used, definition_hash

CAMPAIGN = "title: {fi: A, sv: B, en: C}\nholdout: 0.05\naudience: {audience: big}\n"
AUDIENCE = "title: Big\nmatch: {age: {from: 18}}\n"
TEMPLATES = {"email/win_back": "00ff"}


class DefinitionFiles:
    """Files of one campaign."""

    def __init__(self, folder: Path) -> None:
        self.campaign, self.audience = folder / "win_back.yaml", folder / "big.yaml"
        self.write(CAMPAIGN, AUDIENCE)

    def write(self, campaign: str, audience: str) -> None:
        self.campaign.write_text(campaign)
        self.audience.write_text(audience)

    def digest(self, templates: dict[str, str] = TEMPLATES) -> str:
        return definition_hash(self.campaign, [self.audience], templates)


@pytest.fixture
def files(tmp_path: Path) -> DefinitionFiles:
    return DefinitionFiles(tmp_path)


def test_layout_and_comments_do_not_change_the_hash(files: DefinitionFiles) -> None:
    before = files.digest()
    files.write(
        "# new\nholdout: 0.05\ntitle:\n  en: C\n  fi: 'A'\n  sv: B\naudience:\n  audience: big # big\n", AUDIENCE
    )
    assert files.digest() == before
    assert len(before) == 64


@pytest.mark.parametrize(
    ("campaign", "audience"),
    [
        (CAMPAIGN.replace("A", "AA"), AUDIENCE),
        (CAMPAIGN.replace("0.05", '"0.05"'), AUDIENCE),
        (CAMPAIGN, AUDIENCE.replace("18", "19")),
    ],
)
def test_a_change_of_meaning_changes_the_hash(files: DefinitionFiles, campaign: str, audience: str) -> None:
    before = files.digest()
    files.write(campaign, audience)
    assert files.digest() != before


def test_a_changed_template_changes_the_hash(files: DefinitionFiles) -> None:
    assert files.digest() != files.digest({"email/win_back": "00fe"})
    assert files.digest() != files.digest({"sms/win_back": "00ff"})


def _audience(name: str, match: Condition) -> Audience:
    return Audience(name=name, title=name, match=match)


def test_audiences_are_found_through_audiences_variants_and_goal() -> None:
    references = {name: InAudience(name, place=FilePosition("f.yaml")) for name in "abcdef"}
    audiences = {
        "a": _audience("a", All((references["b"], Not(references["a"])))),
        "b": _audience("b", Condition()),
        "c": _audience("c", Condition()),
        "d": _audience("d", references["c"]),
        "e": _audience("e", Condition()),
    }
    campaign = Campaign(
        name="one",
        title=Localised(fi="A", sv="B", en="C"),
        purpose=Purpose.MARKETING,
        schedule=Schedule(at="2018-01-05 10:30"),
        channels=(Channel.EMAIL,),
        variants=(Variant(name="first", when=references["d"], **ChannelTemplates(email="x").model_dump()),),
        audience=references["a"],
        experiment=Experiment(arms={"x": 50, "y": 50}, goal=references["f"]),
    )
    assert audiences_used(campaign, audiences) == ("a", "b", "c", "d")
