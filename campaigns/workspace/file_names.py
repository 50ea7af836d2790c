"""Names of campaign and audience files, and warnings for files that are not read."""

from collections.abc import Iterator
from pathlib import Path

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.campaign import IDENTIFIER_PATTERN
from campaigns.core.model.localised_text import FormatError


def file_name_problems(path: Path) -> Iterator[Problem]:
    """Yield a problem when the file name, without suffix, is no valid name of a campaign or an audience."""
    try:
        IDENTIFIER_PATTERN.check(path.stem)
    except FormatError as error:
        suggestion = error.hint.strip("`")
        message = f"the file's name gives the name, and {error}"
        yield Problem(FilePosition(str(path)), message, "file_name", f"`{suggestion}{path.suffix}`")


def unread_file_problems(folder: Path) -> Iterator[Problem]:
    """Yield a warning for each file of a folder that is not read because of its suffix, such as `.yml`."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != ".yaml" and not path.name.startswith("."):
            message = "this file is not read: its name does not end in `.yaml`"
            yield Problem(FilePosition(str(path)), message, "unread_file", f"`{path.stem}.yaml`", Severity.WARNING)
