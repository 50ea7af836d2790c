"""Paths of a workspace, found from any folder inside it."""

from contextlib import chdir
from pathlib import Path

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel
from campaigns.workspace.paths import Workspace, find_workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "config" / "campaigns").mkdir(parents=True)
    (tmp_path / "config" / "settings.yaml").write_text("public_url: http://localhost\n")
    return tmp_path


def test_a_workspace_is_found_from_a_folder_inside(root: Path) -> None:
    assert find_workspace(root / "config" / "campaigns") == Workspace(root)


def test_files_are_named_relative_to_the_current_directory(root: Path) -> None:
    with chdir(root):
        assert str(find_workspace(Path()).campaign("win_back")) == "config/campaigns/win_back.yaml"
    with chdir(root / "config"):
        assert str(find_workspace(Path()).settings) == "../config/settings.yaml"


def test_the_error_outside_a_workspace_suggests_viesti_init(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\[no_workspace\]\n  try: `viesti init DIR`"):
        find_workspace(tmp_path)


def test_campaign_files_are_sorted_by_name(root: Path) -> None:
    workspace = Workspace(root)
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        (workspace.campaigns / name).touch()
    assert [path.name for path in workspace.campaign_files()] == ["a.yaml", "b.yaml"]


def test_templates_are_in_a_folder_for_each_channel(root: Path) -> None:
    assert Workspace(root).template(Channel.SMS, "grill") == root / "templates" / "sms" / "grill"


def test_every_path_of_a_workspace_is_fixed() -> None:
    workspace = Workspace(Path("w"))
    expected = {
        workspace.settings: "w/config/settings.yaml",
        workspace.catalogue: "w/config/catalogue.yaml",
        workspace.offers: "w/config/offers.yaml",
        workspace.audiences: "w/config/audiences",
        workspace.images: "w/images",
        workspace.ledger: "w/data/ledger.sqlite",
        workspace.warehouse: "w/data/warehouse",
        workspace.runs: "w/data/runs",
        workspace.outbox: "w/outbox",
    }
    assert {str(path): location for path, location in expected.items()} == {
        location: location for location in expected.values()
    }
