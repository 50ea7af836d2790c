"""Templates that no campaign uses: a broken one is a warning, with its place."""

import shutil
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from campaigns.core.errors import Severity
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository
from campaigns.workspace.workspace_check import check_workspace

BASE: Final = Path(__file__).parents[1] / "bad" / "template" / "_base"
NOW: Final = datetime(2018, 1, 2, 8, tzinfo=UTC)
UNUSED: Final = "; no campaign uses this template"


def warnings_of_templates(root: Path) -> list[str]:
    with chdir(root):
        problems = check_workspace(WorkspaceRepository(Workspace(Path())), NOW)
    assert not [problem for problem in problems if problem.severity is Severity.ERROR and UNUSED in problem.message]
    return [f"{problem.place}: {problem.message}" for problem in problems if UNUSED in problem.message]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Good workspace with a second template, which no campaign uses."""
    shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
    shutil.copytree(tmp_path / "templates" / "email" / "letter", tmp_path / "templates" / "email" / "old")
    return tmp_path


def test_a_sound_template_that_no_campaign_uses_is_not_named(root: Path) -> None:
    assert warnings_of_templates(root) == []


def test_a_broken_template_that_no_campaign_uses_is_a_warning_at_its_place(root: Path) -> None:
    file = root / "templates" / "email" / "old" / "body.mjml"
    file.write_text(file.read_text("utf-8").replace("[[ hello ]]", "[[ helo ]]"), "utf-8")
    assert warnings_of_templates(root) == [f"templates/email/old/body.mjml:8:34: there is no text `helo`{UNUSED}"]


def test_a_folder_without_its_files_is_a_warning(root: Path) -> None:
    (root / "templates" / "sms" / "old").mkdir()
    assert warnings_of_templates(root) == [
        f"templates/sms/old/sample.yaml: a template needs `sample.yaml`{UNUSED}",
        f"templates/sms/old/texts.yaml: a template needs `texts.yaml`{UNUSED}",
    ]


def test_a_template_of_a_campaign_with_an_error_counts_as_used(root: Path) -> None:
    campaign = root / "config" / "campaigns" / "letter.yaml"
    campaign.write_text(campaign.read_text("utf-8").replace("purpose:", "purpos:"), "utf-8")
    file = root / "templates" / "email" / "letter" / "body.mjml"
    file.write_text(file.read_text("utf-8").replace("[[ hello ]]", "[[ helo ]]"), "utf-8")
    assert warnings_of_templates(root) == []


def test_a_fault_of_a_shared_file_is_reported_once(root: Path) -> None:
    file = root / "templates" / "email" / "_shared" / "footer.mjml"
    file.write_text(f"<mj-sektion>{file.read_text('utf-8')}</mj-sektion>", "utf-8")
    assert warnings_of_templates(root) == []
