"""Examples of docs/campaign-files.md: they load as campaigns and audiences."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from campaigns.core.model.audience import Audience
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import load_audience
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.campaign_source import CampaignFile

DOCUMENT: Final = (Path(__file__).parents[2] / "docs" / "campaign-files.md").read_text()
BLOCKS: Final = re.findall(r"```yaml\n(.*?)```", DOCUMENT, flags=re.DOTALL)
FILES: Final = [block for block in BLOCKS if block.startswith("# config/")]
KEYS: Final = [block for block in BLOCKS if not block.startswith("# config/")]

# Required keys that an example of single keys leaves out.
DEFAULTS: Final = {
    "title": "{fi: Edut, sv: Förmåner, en: Offers}",
    "purpose": "marketing",
    "schedule": '{at: "2018-01-05 10:30"}',
    "audience": "{register: owners}",
    "content": "{email: weekend}",
}


def _completed(example: str) -> str:
    present = set(re.findall(r"^(\w+):", example, flags=re.MULTILINE))
    missing = DEFAULTS.keys() - present - ({"content"} if "variants" in present else set())
    return example + "".join(f"{key}: {DEFAULTS[key]}\n" for key in DEFAULTS if key in missing)


@pytest.mark.parametrize("example", KEYS, ids=lambda example: example.split(":")[0])
def test_an_example_of_keys_loads_without_a_warning(
    example: str, tmp_path: Path, vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]
) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(_completed(example))
    _, warnings = load_campaign(path, vocabulary, audiences=audiences, newsletters={"beauty"})
    assert warnings == ()


@pytest.mark.parametrize("example", FILES, ids=lambda example: example.split("\n")[0])
def test_an_example_of_a_file_loads_under_its_name(example: str, tmp_path: Path, vocabulary: RuleVocabulary) -> None:
    path = tmp_path / example.split("\n")[0].removeprefix("# ")
    path.parent.mkdir(parents=True)
    path.write_text(example)
    load = load_campaign if path.parent.name == "campaigns" else load_audience
    definition, warnings = load(path, vocabulary)
    assert (definition.name, warnings) == (path.stem, ())


def test_every_key_has_a_table_row_and_a_section() -> None:
    table, sections = DOCUMENT.split("### `title`", 1)
    headings = " ".join(re.findall(r"^### (.*)$", f"### `title`{sections}", flags=re.MULTILINE))
    for key in CampaignFile.model_fields:
        assert re.search(rf"^\| .*`{key}`", table, flags=re.MULTILINE), key
        assert f"`{key}`" in headings, key
