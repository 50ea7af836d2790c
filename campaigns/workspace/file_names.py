"""Names of campaign and audience files, and warnings for files that are not read."""

import re
from collections.abc import Iterator
from pathlib import Path

from campaigns.core.errors import Place, Problem, Severity
from campaigns.core.model.campaign import NAME_FORM
from campaigns.core.model.localised_text import FormError


def name_problems(path: Path) -> Iterator[Problem]:
    """Yield a problem when the file name, without suffix, is no valid name of a campaign or an audience."""
    try:
        NAME_FORM.check(path.stem)
    except FormError as error:
        name = re.sub(r"[^a-z0-9]+", "_", path.stem.casefold()).strip("_")
        suggestion = name if re.fullmatch(NAME_FORM.pattern, name) else NAME_FORM.example
        message = f"the file's name gives the name, and {error}"
        yield Problem(Place(str(path)), message, "file_name", f"`{suggestion}{path.suffix}`")


def unread_files(folder: Path) -> Iterator[Problem]:
    """Yield a warning for each file of a folder that is not read because of its suffix, such as `.yml`."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != ".yaml" and not path.name.startswith("."):
            message = "this file is not read: its name does not end in `.yaml`"
            yield Problem(Place(str(path)), message, "unread_file", f"`{path.stem}.yaml`", Severity.WARNING)
