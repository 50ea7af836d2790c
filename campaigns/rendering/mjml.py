"""MJML to HTML, with Jinja's tags left inside: the one module that names `mjml`."""

import re
from dataclasses import dataclass
from html import escape
from typing import Final

from mjml import mjml2html

from campaigns.errors import AuthorError, Place, Problem, nearest
from campaigns.rendering.folder import Source, TemplateFolder
from campaigns.rendering.holes import Filled, Holes
from campaigns.rendering.mjml_check import mjml_problems
from campaigns.spec.words import Language

BODY: Final = "body.mjml"
_INCLUDE: Final = re.compile(r"""<mj-include\s+path=(?:"([^"]*)"|'([^']*)')\s*/>""")
_POSITION: Final = re.compile(r"at position (\d+)")
_DEEPEST: Final = 5


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A template's HTML, compiled once, with its tags and texts still to be put back."""

    file: str
    html: str
    holes: Holes

    def in_language(self, language: Language) -> Filled:
        """The Jinja source of one language."""
        return self.holes.fill(self.html, language, _escaped)


def compile_mjml(folder: TemplateFolder) -> Skeleton:
    """The folder's `body.mjml` as HTML; AuthorError with every unknown tag, attribute, text or include.

    Nothing is fetched, neither now nor by the reader's program: no web fonts, and includes only from the folder and
    the channel's shared one.
    """
    sources = mjml_sources(folder)
    problems = [problem for source in sources.values() for problem in mjml_problems(source)]
    if problems:
        raise AuthorError(problems)
    holes = Holes(folder.texts)
    marked = _joined(BODY, {file: holes.dig_markup(source) for file, source in sources.items()})
    marked = re.sub(r"<mjml\b", f'<mjml lang="{holes.language()}"', marked, count=1)
    try:
        html = mjml2html(marked, disable_comments=True, fonts={})
    except ValueError as error:
        raise AuthorError([_unread(folder.located(BODY), marked, str(error))]) from error
    return Skeleton(folder.located(BODY), html, holes)


def mjml_sources(folder: TemplateFolder) -> dict[str, Source]:
    """`body.mjml` and everything that it includes, by path; AuthorError when one is not there or includes itself."""
    found: dict[str, Source] = {}
    _gather(folder, BODY, Place(folder.located(BODY)), (), found)
    return found


def _gather(folder: TemplateFolder, file: str, at: Place, above: tuple[str, ...], found: dict[str, Source]) -> None:
    if file in above or len(above) >= _DEEPEST:
        raise AuthorError([Problem(at, f"`{file}` includes itself, or is included too deep", "include")])
    if file not in folder:
        known = nearest(file, [name for name in (*folder.files, *folder.shared) if name.endswith(".mjml")])
        raise AuthorError([Problem(at, f"there is no `{file}` in the template or in `_shared`", "include", known)])
    found[file] = source = folder.source(file)
    for include in _INCLUDE.finditer(source.text):
        _gather(folder, include[1] or include[2] or "", source.at(include.start()), (*above, file), found)


def _joined(file: str, marked: dict[str, str]) -> str:
    return _INCLUDE.sub(lambda include: _joined(include[1] or include[2], marked), marked[file])


def _unread(file: str, marked: str, reason: str) -> Problem:
    """The compiler knows only how far it came in the joined text: show what stands there."""
    found = _POSITION.search(reason)
    at = len(marked.encode()[: int(found[1])].decode(errors="ignore")) if found else 0
    near = " ".join(marked[at : at + 60].split())
    return Problem(Place(file), f"this is not MJML near `{near}`", "mjml", "is every tag closed?")


def _escaped(text: str) -> str:
    return escape(text.replace("\n", " "))
