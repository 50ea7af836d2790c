"""Scaffold for new workspaces: a starter for one's own data, or a copy of the demonstration's."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from string import Template
from typing import Final

from campaigns.core.errors import UserError
from campaigns.core.private_files import inherited_umask
from campaigns.workspace.paths import Workspace
from campaigns.workspace.starter_answers import starter_values
from campaigns.workspace.starter_questions import Answers

DEMO_PARTS: Final = (
    *("config/audiences", "config/campaigns", "config/labels"),
    *("config/catalogue.yaml", "config/offers.yaml", "config/settings.yaml", "config/brand.yaml"),
    *("templates", "images"),
)
"""Folders and files of the demonstration. A review of categories is none: nobody has looked at its products."""
_PICTURES: Final = ("apples", "bouquet", "cheese", "coffee", "milk", "rye_bread", "salmon", "tomatoes")
_SHARED_PARTS: Final = (
    *("templates/email/_shared", "templates/sms/_shared", "templates/post/_shared"),
    *(f"images/offers/{picture}.png" for picture in _PICTURES),
)
"""Parts of the demonstration that the starter shares; a file of the starter's own replaces one of the same name."""
_STARTER: Final = Path(__file__).with_name("starter")
_FILLED: Final = ".in"
"""End of the names of starter files in which answers stand for `$name`."""
_NOT_IN_GIT: Final = "/backups/\n/data/\n/outbox/\n"


def create_demo_workspace(directory: Path) -> Workspace:
    """Copy the demonstration's workspace into a new or empty folder.

    Raise UserError when the folder is not empty or cannot be written.
    """
    return _create(directory, lambda: _copy(DEMO_PARTS, directory))


def create_workspace(directory: Path, answers: Answers, today: date) -> Workspace:
    """Write a workspace for one's own data into a new or empty folder, with the answers to all questions.

    Raise UserError when the folder is not empty or cannot be written.
    """
    require_empty(directory)
    values = starter_values(answers, today)

    def write() -> None:
        _copy(_SHARED_PARTS, directory)
        for name, content in _starter_files(values):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)

    return _create(directory, write)


def require_empty(directory: Path) -> None:
    """Raise UserError when a folder is not new or empty."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UserError.about(
            str(directory), "there is something here already", "not_empty", "name a new or empty folder"
        )


def _create(directory: Path, write: Callable[[], None]) -> Workspace:
    require_empty(directory)
    try:
        with inherited_umask():
            write()
            (directory / ".gitignore").write_text(_NOT_IN_GIT, "utf-8")
    except OSError as error:
        message = f"no workspace can be written here: {error.strerror or error}"
        raise UserError.about(str(directory), message, "not_writable", "name a folder of yours") from error
    return Workspace(directory)


def _copy(parts: Iterable[str], directory: Path) -> None:
    source = _demo()
    for part in parts:
        copy = shutil.copytree if (source / part).is_dir() else shutil.copy2
        (directory / part).parent.mkdir(parents=True, exist_ok=True)
        copy(source / part, directory / part)


def _starter_files(values: Mapping[str, str]) -> Iterator[tuple[Path, bytes]]:
    """Yield the starter's own files, by their path in the workspace."""
    for path in sorted(path for path in _STARTER.rglob("*") if path.is_file()):
        name, content = path.relative_to(_STARTER), path.read_bytes()
        if path.suffix == _FILLED:
            name, content = name.with_suffix(""), Template(content.decode()).substitute(values).encode()
        yield name, content


def _demo() -> Path:
    """Return the demonstration's files in an installed package, or the repository itself in a checkout."""
    packed = Path(__file__).with_name("demo_files")
    return packed if packed.is_dir() else Path(__file__).parents[2]
