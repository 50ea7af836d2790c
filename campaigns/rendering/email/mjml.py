"""MJML compiled to HTML with Jinja tags preserved; the only module that imports `mjml`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

from mjml import mjml2html

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.brand import Brand, BrandConstants
from campaigns.core.model.enums import Language
from campaigns.rendering.email.includes import collect_includes, expand_includes
from campaigns.rendering.email.mjml_check import mjml_problems
from campaigns.rendering.email.placeholders import Placeholders, RestoredSource
from campaigns.rendering.templates.folder import TemplateFolder

MJML_FILE: Final = "body.mjml"
DEFAULT_BRAND: Final = Brand().constants("")
"""Constants for those who read a template and show it to nobody."""
_INDENTATION: Final = re.compile(r"\s*\n\s*")  # a fifth of a message otherwise, in every loop again
_POSITION: Final = re.compile(r"at position (\d+)")


@dataclass(frozen=True, slots=True)
class CompiledMjml:
    """Compiled HTML of a template, with placeholders for its Jinja tags and texts."""

    file: str
    html: str
    placeholders: Placeholders

    def in_language(self, language: Language) -> RestoredSource:
        """Return the Jinja source of one language."""
        return self.placeholders.restore(self.html, language, _escaped)


@lru_cache(maxsize=64)
def compile_mjml(folder: TemplateFolder, brand: BrandConstants = DEFAULT_BRAND) -> CompiledMjml:
    """Compile the folder's `body.mjml` to HTML; UserError with every unknown tag, attribute, text or include.

    Nothing is fetched, now or by the recipient's mail client: no web fonts, and includes only from the folder and the
    channel's shared folder.
    """
    sources = collect_includes(folder, MJML_FILE)
    problems = [problem for source in sources.values() for problem in mjml_problems(source)]
    if problems:
        raise UserError(problems)
    placeholders = Placeholders(folder.texts, dict(brand.entries))
    mjml = expand_includes(MJML_FILE, {file: placeholders.extract_markup(source) for file, source in sources.items()})
    mjml = re.sub(r"<mjml\b", f'<mjml lang="{placeholders.language_placeholder()}"', mjml, count=1)
    try:
        html = mjml2html(mjml, disable_comments=True, fonts={})
    except ValueError as error:
        raise UserError([_compiler_problem(folder.path_of(MJML_FILE), mjml, str(error))]) from error
    return CompiledMjml(folder.path_of(MJML_FILE), _INDENTATION.sub("\n", html), placeholders)


def _compiler_problem(file: str, mjml: str, reason: str) -> Problem:
    """Return a problem that quotes the text at the compiler's position; the compiler knows no file and no line."""
    position = _POSITION.search(reason)
    start = len(mjml.encode()[: int(position[1])].decode(errors="ignore")) if position else 0
    near = " ".join(mjml[start : start + 60].split())
    message = f"this is not MJML near `{near}`" if near else "this is not MJML"
    return Problem(FilePosition(file), message, "mjml", "begin with <mjml>, and close every tag")


def _escaped(text: str) -> str:
    return escape(text.replace("\n", " "))
