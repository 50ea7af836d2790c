"""The name that a file gives to what it holds, and files that no name is read from."""

import re
from collections.abc import Iterator
from pathlib import Path

from campaigns.errors import Place, Problem, Severity
from campaigns.spec.campaign import NAME_FORM
from campaigns.spec.text import FormError


def name_problems(path: Path) -> Iterator[Problem]:
    """The problem of a file whose name, without its ending, cannot be the name of a campaign or an audience."""
    try:
        NAME_FORM.check(path.stem)
    except FormError as error:
        words = re.sub(r"[^a-z0-9]+", "_", path.stem.casefold()).strip("_")
        fitting = words if re.fullmatch(NAME_FORM.pattern, words) else NAME_FORM.example
        message = f"the file's name gives the name, and {error}"
        yield Problem(Place(str(path)), message, "file_name", f"`{fitting}{path.suffix}`")


def unread_files(folder: Path) -> Iterator[Problem]:
    """A warning for each file of a folder that nobody reads because of its ending, such as `.yml`."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != ".yaml" and not path.name.startswith("."):
            message = "this file is not read: its name does not end in `.yaml`"
            yield Problem(Place(str(path)), message, "unread_file", f"`{path.stem}.yaml`", Severity.WARNING)
