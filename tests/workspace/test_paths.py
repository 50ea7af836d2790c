"""A workspace is found from any folder inside it."""

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


def test_it_is_found_from_a_folder_inside(root: Path) -> None:
    assert find_workspace(root / "config" / "campaigns") == Workspace(root)


def test_files_are_named_as_from_where_the_person_stands(root: Path) -> None:
    with chdir(root):
        assert str(find_workspace(Path()).campaign("win_back")) == "config/campaigns/win_back.yaml"
    with chdir(root / "config"):
        assert str(find_workspace(Path()).settings) == "../config/settings.yaml"


def test_outside_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\[no_workspace\]\n  try: `viesti init DIR`"):
        find_workspace(tmp_path)


def test_campaign_files_come_by_name(root: Path) -> None:
    workspace = Workspace(root)
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        (workspace.campaigns / name).touch()
    assert [path.name for path in workspace.campaign_files()] == ["a.yaml", "b.yaml"]


def test_templates_stand_by_channel(root: Path) -> None:
    assert Workspace(root).template(Channel.SMS, "grill") == root / "templates" / "sms" / "grill"


def test_everything_has_its_place() -> None:
    workspace = Workspace(Path("w"))
    places = {
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
    assert {str(path): place for path, place in places.items()} == {place: place for place in places.values()}
