"""Faults that show in a shared file, reported in the file that the author wrote."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Language
from campaigns.rendering.email.email_template import TEXT_FILE
from campaigns.rendering.email.includes import collect_includes, own_include_place
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource

_NEEDS: Final = frozenset({"unknown_text", "unknown_variable", "sample", "unguarded"})
_BLOCK: Final = re.compile(r"\{%[-+]?\s*(end)?(if|for|with|set)\b(.*?)%\}", re.DOTALL)


def in_own_files(folder: TemplateFolder, problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems of an e-mail, with those of a shared file where the template's own file includes it.

    Only what a shared file needs of the template moves: a text, a value. Its own mistakes stay its own.
    """
    problems = list(problems)
    if any(problem.code == "template_syntax" for problem in problems):
        sources = [source for root in (TEXT_FILE, MJML_FILE) for source in _sources(folder, root).values()]
        problems = list(open_blocks(folder, sources)) or problems
    return [_in_own_file(folder, problem) if problem.code in _NEEDS else problem for problem in problems]


def open_blocks(folder: TemplateFolder, sources: Iterable[TemplateSource]) -> Iterator[Problem]:
    """Yield a problem for each `{% if %}`, `{% for %}`, … that its own file does not close, or did not open."""
    for source in sources:
        yield from _unbalanced(source.text, source.position_of)
    for text in folder.texts.values():
        for language in Language:
            yield from _unbalanced(text.localised.text(language), partial(_same_place, text.positions[language]))


def _same_place(place: FilePosition, _index: int) -> FilePosition:
    return place


def _unbalanced(text: str, place_of: Callable[[int], FilePosition]) -> Iterator[Problem]:
    opened: list[tuple[str, int]] = []
    for tag in _BLOCK.finditer(text):
        word = tag[2]
        if tag[1] is None:
            if word != "set" or "=" not in tag[3]:
                opened.append((word, tag.start()))
        elif opened and opened[-1][0] == word:
            opened.pop()
        else:
            hint = f"remove it, or close `{{% {opened[-1][0]} %}}` first" if opened else "remove it"
            yield Problem(place_of(tag.start()), f"`{{% end{word} %}}` closes nothing here", "template_syntax", hint)
    for word, start in opened:
        message = f"this `{{% {word} %}}` is not closed in its own file"
        yield Problem(place_of(start), message, "template_syntax", f"add `{{% end{word} %}}`")


def own_place(folder: TemplateFolder, place: FilePosition) -> FilePosition:
    """Return where the template's own file includes the shared file of a position; the position itself in others."""
    for root in (MJML_FILE, TEXT_FILE):
        for file, source in _sources(folder, root).items():
            if source.file == place.file and file not in folder.files:
                return own_include_place(folder, root, file)
    return place


def _in_own_file(folder: TemplateFolder, problem: Problem) -> Problem:
    place = own_place(folder, problem.place)
    if place == problem.place:
        return problem
    return replace(problem, place=place, message=f"{problem.message}, which `{problem.place}` needs")


def _sources(folder: TemplateFolder, root: str) -> Mapping[str, TemplateSource]:
    try:
        return collect_includes(folder, root)
    except UserError:  # reported by itself
        return {}
