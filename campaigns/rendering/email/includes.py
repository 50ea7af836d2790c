"""Includes in MJML and text, `<mj-include path="footer.mjml" />`: from the template and shared folders only."""

import re
from collections.abc import Mapping
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource

_INCLUDE: Final = re.compile(r"""<mj-include\s+path=(?:"([^"]*)"|'([^']*)')\s*/>""")
_MAX_DEPTH: Final = 5


def collect_includes(folder: TemplateFolder, file: str) -> dict[str, TemplateSource]:
    """Return the file and all its includes by path; UserError when one is missing or includes itself.

    A path is looked up among the files of the template and of the channel's shared folder, never on the disk.
    """
    sources: dict[str, TemplateSource] = {}
    _collect(folder, file, FilePosition(folder.path_of(file)), (), sources)
    return sources


def expand_includes(file: str, texts: Mapping[str, str]) -> str:
    """Return the text of a file with its includes expanded."""
    return _INCLUDE.sub(lambda include: expand_includes(_path(include), texts), texts[file])


def _collect(
    folder: TemplateFolder,
    file: str,
    place: FilePosition,
    including: tuple[str, ...],
    sources: dict[str, TemplateSource],
) -> None:
    if file in including or len(including) >= _MAX_DEPTH:
        raise UserError([Problem(place, f"`{file}` includes itself, or is included too deep", "include")])
    if file not in folder:
        hint = closest_match(file, (*folder.files, *folder.shared))
        raise UserError([Problem(place, f"there is no `{file}` in the template or in `_shared`", "include", hint)])
    sources[file] = source = folder.source(file)
    for include in _INCLUDE.finditer(source.text):
        _collect(folder, _path(include), source.position_of(include.start()), (*including, file), sources)


def _path(include: re.Match[str]) -> str:
    return include[1] or include[2] or ""
