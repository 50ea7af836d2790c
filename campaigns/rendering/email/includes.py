"""Includes in MJML and text, `<mj-include path="footer.mjml" />`: from the template and shared folders only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.rendering.templates.folder import MAX_CHARACTERS, TemplateFolder, TemplateSource

_INCLUDE: Final = re.compile(r"""<mj-include\s+path=(?:"([^"]*)"|'([^']*)')\s*/>""")
_MAX_DEPTH: Final = 5


def collect_includes(folder: TemplateFolder, file: str) -> dict[str, TemplateSource]:
    """Return the file and all its includes by path; UserError when one is missing or includes itself.

    A path is looked up among the files of the template and of the channel's shared folder, never on the disk.
    """
    sources: dict[str, TemplateSource] = {}
    _collect(folder, file, FilePosition(folder.path_of(file)), (), sources, {})
    return sources


def own_include_place(folder: TemplateFolder, file: str, included: str) -> FilePosition:
    """Return where the template's own file includes another one, by itself or through shared files."""
    sources = collect_includes(folder, file)
    for own in (name for name in sources if name in folder.files):
        for include in _INCLUDE.finditer(sources[own].text):
            if included in collect_includes(folder, _path(include)):
                return sources[own].position_of(include.start())
    return FilePosition(folder.path_of(file))


def expand_includes(file: str, texts: Mapping[str, str]) -> str:
    """Return the text of a file with its includes expanded."""
    return _INCLUDE.sub(lambda include: expand_includes(_path(include), texts), texts[file])


@dataclass(frozen=True, slots=True)
class _ExpandedSize:
    """Levels and characters of a file with all its includes."""

    levels: int
    characters: int


def _collect(
    folder: TemplateFolder,
    file: str,
    place: FilePosition,
    including: tuple[str, ...],
    sources: dict[str, TemplateSource],
    sizes: dict[str, _ExpandedSize],
) -> _ExpandedSize:
    """Add a file and its includes to `sources`, each read once; return its size in `sizes`."""
    if file in including or len(including) + (sizes[file].levels if file in sizes else 1) > _MAX_DEPTH:
        raise UserError(
            [Problem(place, f"`{file}` includes itself, or is included too deep", "include", "remove this include")]
        )
    if file in sizes:
        return sizes[file]
    if file not in folder:
        hint = closest_match(file, (*folder.files, *folder.shared)) or "put it there, or name another"
        raise UserError([Problem(place, f"there is no `{file}` in the template or in `_shared`", "include", hint)])
    sources[file] = source = folder.source(file)
    included = [
        _collect(folder, _path(include), source.position_of(include.start()), (*including, file), sources, sizes)
        for include in _INCLUDE.finditer(source.text)
    ]
    levels = 1 + max((part.levels for part in included), default=0)
    sizes[file] = size = _ExpandedSize(levels, len(source.text) + sum(part.characters for part in included))
    if size.characters > MAX_CHARACTERS:
        message = f"`{file}` has {size.characters} characters with all that it includes"
        raise UserError([Problem(place, message, "include", f"at most {MAX_CHARACTERS}: include less, or less often")])
    return size


def _path(include: re.Match[str]) -> str:
    return include[1] or include[2] or ""
