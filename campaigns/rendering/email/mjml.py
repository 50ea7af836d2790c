"""MJML to HTML, with Jinja's tags left inside: the one module that names `mjml`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

from mjml import mjml2html

from campaigns.core.errors import AuthorError, Place, Problem
from campaigns.core.model.enums import Language
from campaigns.rendering.email.includes import gather, joined
from campaigns.rendering.email.mjml_check import mjml_problems
from campaigns.rendering.email.placeholders import Filled, Holes
from campaigns.rendering.templates.folder import TemplateFolder

BODY: Final = "body.mjml"
_POSITION: Final = re.compile(r"at position (\d+)")


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A template's HTML, compiled once, with its tags and texts still to be put back."""

    file: str
    html: str
    holes: Holes

    def in_language(self, language: Language) -> Filled:
        """The Jinja source of one language."""
        return self.holes.fill(self.html, language, _escaped)


@lru_cache(maxsize=64)
def compile_mjml(folder: TemplateFolder) -> Skeleton:
    """The folder's `body.mjml` as HTML; AuthorError with every unknown tag, attribute, text or include.

    Nothing is fetched, neither now nor by the reader's program: no web fonts, and includes only from the folder and
    the channel's shared one.
    """
    sources = gather(folder, BODY)
    problems = [problem for source in sources.values() for problem in mjml_problems(source)]
    if problems:
        raise AuthorError(problems)
    holes = Holes(folder.texts)
    marked = joined(BODY, {file: holes.dig_markup(source) for file, source in sources.items()})
    marked = re.sub(r"<mjml\b", f'<mjml lang="{holes.language()}"', marked, count=1)
    try:
        html = mjml2html(marked, disable_comments=True, fonts={})
    except ValueError as error:
        raise AuthorError([_unread(folder.located(BODY), marked, str(error))]) from error
    return Skeleton(folder.located(BODY), html, holes)


def _unread(file: str, marked: str, reason: str) -> Problem:
    """The compiler knows only how far it came in the joined text: show what stands there."""
    found = _POSITION.search(reason)
    at = len(marked.encode()[: int(found[1])].decode(errors="ignore")) if found else 0
    near = " ".join(marked[at : at + 60].split())
    return Problem(Place(file), f"this is not MJML near `{near}`", "mjml", "is every tag closed?")


def _escaped(text: str) -> str:
    return escape(text.replace("\n", " "))
