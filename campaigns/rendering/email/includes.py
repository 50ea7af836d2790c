"""Parts that templates share: `<mj-include path="footer.mjml" />`, in MJML and in text, from two folders only."""

import re
from collections.abc import Mapping
from typing import Final

from campaigns.core.errors import AuthorError, Place, Problem, nearest
from campaigns.rendering.templates.folder import Source, TemplateFolder

_INCLUDE: Final = re.compile(r"""<mj-include\s+path=(?:"([^"]*)"|'([^']*)')\s*/>""")
_DEEPEST: Final = 5


def gather(folder: TemplateFolder, file: str) -> dict[str, Source]:
    """The file and everything that it includes, by path; AuthorError when one is not there or includes itself.

    A path is looked up among the files of the template and of the channel's shared folder, and nowhere on the disk.
    """
    found: dict[str, Source] = {}
    _gather(folder, file, Place(folder.located(file)), (), found)
    return found


def joined(file: str, texts: Mapping[str, str]) -> str:
    """The text of a file with the texts of its parts in their places."""
    return _INCLUDE.sub(lambda include: joined(_path(include), texts), texts[file])


def _gather(folder: TemplateFolder, file: str, at: Place, above: tuple[str, ...], found: dict[str, Source]) -> None:
    if file in above or len(above) >= _DEEPEST:
        raise AuthorError([Problem(at, f"`{file}` includes itself, or is included too deep", "include")])
    if file not in folder:
        near = nearest(file, (*folder.files, *folder.shared))
        raise AuthorError([Problem(at, f"there is no `{file}` in the template or in `_shared`", "include", near)])
    found[file] = source = folder.source(file)
    for include in _INCLUDE.finditer(source.text):
        _gather(folder, _path(include), source.at(include.start()), (*above, file), found)


def _path(include: re.Match[str]) -> str:
    return include[1] or include[2] or ""
