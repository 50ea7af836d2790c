"""YAML in the docs loads: a campaign of this workspace, or a part of its settings."""

import io
import re
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from audiences.imports.mapping import load_mapping
from campaigns.core.model.settings import Settings
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository
from campaigns.workspace.settings_file import load_settings
from tests.support.docs_pages import ROOT, yaml_blocks

TESTED_ELSEWHERE: Final = {
    "brand.md": "workspace/test_brand_file.py",
    "campaign-files.md": "workspace/test_campaign_files_page.py",
    "coupons.md": "offers/coupons/test_coupons_page.py",
    "first-hour.md": "first_hour/test_first_hour_page.py",
    "rules.md": "rules/test_rules_page.py",
    "templates.md": "rendering/test_email_docs.py",
}
"""Pages whose blocks are read by a test of the room they describe."""
BLOCKS: Final = [(page, block) for page, block in yaml_blocks() if page not in TESTED_ELSEWHERE]


def merged(base: Any, part: Any) -> Any:
    """Return the mapping `base`, overridden by `part`."""
    if not isinstance(base, dict) or not isinstance(part, dict):
        return part
    return {**base, **{key: merged(base.get(key), value) for key, value in part.items()}}


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_block_loads(page: str, block: str, tmp_path: Path) -> None:
    campaign = re.match(r"# config/campaigns/(\w+)\.yaml", block)
    if campaign:
        file = tmp_path / f"{campaign[1]}.yaml"
        file.write_text(block, "utf-8")
        _, warnings = WorkspaceRepository(Workspace(ROOT)).campaign_definition(str(file))
        assert warnings == ()
        return
    if block.startswith("# config/mappings/"):
        file = tmp_path / "mapping.yaml"
        file.write_text(block, "utf-8")
        load_mapping(file)
        return
    yaml = YAML(typ="safe", pure=True)
    part = yaml.load(block)
    assert set(part) <= set(Settings.model_fields)
    whole = io.StringIO()
    organisation = {"organisation": yaml.load(ROOT / "config" / "brand.yaml")["organisation"]}
    yaml.dump(merged(organisation | yaml.load(ROOT / "config" / "settings.yaml"), part), whole)
    file = tmp_path / "settings.yaml"
    file.write_text(whole.getvalue(), "utf-8")
    load_settings(file)


def test_pages_tested_elsewhere_are_named_by_their_test() -> None:
    for page, test in TESTED_ELSEWHERE.items():
        assert page in (ROOT / "tests" / test).read_text("utf-8")
