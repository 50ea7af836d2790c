"""New workspaces: a copy of the example that the package carries."""

import shutil
from pathlib import Path
from typing import Final

from campaigns.errors import AuthorError
from campaigns.loading.workspace import Workspace

_PARTS: Final = ("config", "templates", "images")
_NOT_IN_GIT: Final = "/data/\n/outbox/\n"


def make_workspace(directory: Path) -> Workspace:
    """Copy the example workspace into a new or empty folder; AuthorError when there is something in it."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise AuthorError.about(
            str(directory), "there is something here already", "not_empty", "name a new or empty folder"
        )
    source = _example()
    directory.mkdir(parents=True, exist_ok=True)
    for part in _PARTS:
        shutil.copytree(source / part, directory / part)
    (directory / ".gitignore").write_text(_NOT_IN_GIT, "utf-8")
    return Workspace(directory)


def _example() -> Path:
    """The example in an installed package, or the repository itself in a checkout."""
    packed = Path(__file__).with_name("workspace")
    return packed if packed.is_dir() else Path(__file__).parent.parent
