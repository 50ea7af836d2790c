"""Scaffold for new workspaces: a copy of the example workspace in the package."""

import shutil
from pathlib import Path
from typing import Final

from campaigns.core.errors import UserError
from campaigns.core.private_files import inherited_umask
from campaigns.workspace.paths import Workspace

_PARTS: Final = (
    *("config/audiences", "config/campaigns", "config/labels"),
    *("config/catalogue.yaml", "config/offers.yaml", "config/settings.yaml", "config/brand.yaml"),
    *("templates", "images"),
)
"""Folders and files of a new workspace. A review of categories is none: nobody has looked at its products."""
_NOT_IN_GIT: Final = "/backups/\n/data/\n/outbox/\n"


def create_workspace(directory: Path) -> Workspace:
    """Copy the example workspace into a new or empty folder.

    Raise UserError when the folder is not empty or cannot be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UserError.about(
            str(directory), "there is something here already", "not_empty", "name a new or empty folder"
        )
    try:
        with inherited_umask():
            _copy(_example(), directory)
    except OSError as error:
        message = f"no workspace can be written here: {error.strerror or error}"
        raise UserError.about(str(directory), message, "not_writable", "name a folder of yours") from error
    return Workspace(directory)


def _copy(source: Path, directory: Path) -> None:
    for part in _PARTS:
        copy = shutil.copytree if (source / part).is_dir() else shutil.copy2
        (directory / part).parent.mkdir(parents=True, exist_ok=True)
        copy(source / part, directory / part)
    (directory / ".gitignore").write_text(_NOT_IN_GIT, "utf-8")


def _example() -> Path:
    """Return the example in an installed package, or the repository itself in a checkout."""
    packed = Path(__file__).with_name("starter_files")
    return packed if packed.is_dir() else Path(__file__).parents[2]
