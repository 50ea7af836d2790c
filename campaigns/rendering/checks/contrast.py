"""Contrast of an e-mail's texts with their own background, in light and in dark mode (WCAG 2.2, 1.4.3, level AA).

A picture or gradient behind a text is judged by the plain colour below it, which readers see who load no pictures. That
is a warning, as dark mode is, in which mailboxes change colours of their own accord; what all readers see is an error.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.colour import AA_CONTRAST, contrast, legible_shade
from campaigns.core.model.enums import Language
from campaigns.rendering.checks.computed_styles import StyledPage, StyledText, TextStyle
from campaigns.rendering.checks.css_values import hexadecimal
from campaigns.rendering.checks.text_places import text_place
from campaigns.rendering.email.includes import collect_includes, own_include_place
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.templates.folder import TemplateFolder

LARGE_RATIO: Final = 3.0
_LARGE, _LARGE_BOLD = 24.0, 18.66  # pixels: 18 points, or 14 bold
_INVISIBLE: Final = 2.0  # pixels: words for the list of a mailbox only
_EXCERPT: Final = 40


def required_ratio(style: TextStyle) -> float:
    """Return the least contrast of a text: large text may have less."""
    is_large = style.size >= (_LARGE_BOLD if style.is_bold else _LARGE)
    return LARGE_RATIO if is_large else AA_CONTRAST


def contrast_problems(folder: TemplateFolder, language: Language, pages: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each pair of colours that is hard to read, once for both modes and all pages."""
    seen: set[tuple[str, str]] = set()
    for page in map(StyledPage.parse, pages):
        yield from _page_problems(folder, language, page, seen)


def _page_problems(
    folder: TemplateFolder, language: Language, page: StyledPage, seen: set[tuple[str, str]]
) -> Iterator[Problem]:
    for mode in ("light", "dark") if page.has_dark_mode else ("light",):
        for run in page.texts(dark=mode == "dark"):
            pair = hexadecimal(run.style.color), hexadecimal(run.style.background)
            ratio = contrast(*pair)
            if ratio >= required_ratio(run.style) or pair in seen or not is_read(run):
                continue
            seen.add(pair)
            yield _problem(folder, language, run, pair, ratio, mode)


def is_read(run: StyledText) -> bool:
    """Return whether a text is for readers: it has letters or digits, and a size that shows."""
    return run.style.size > _INVISIBLE and any(map(str.isalnum, run.text))


def _problem(
    folder: TemplateFolder, language: Language, run: StyledText, pair: tuple[str, str], ratio: float, mode: str
) -> Problem:
    color, background = pair
    excerpt = " ".join(run.text.split())[:_EXCERPT]
    rounded = Decimal(ratio).quantize(Decimal("0.1"), ROUND_DOWN)
    ground = f"{background} below the picture" if run.style.over_picture else background
    message = (
        f"`{excerpt}` is hard to read in {mode} mode: {color} on {ground} has a contrast of {rounded}, "
        f"and needs {required_ratio(run.style):g}"
    )
    hint = f"{legible_shade(color, (background,))} can be read on it"
    if mode == "dark":
        hint = f"{hint}: say so in `@media (prefers-color-scheme: dark)` of the style sheet"
    is_certain = mode == "light" and not run.style.over_picture
    severity = Severity.ERROR if is_certain else Severity.WARNING
    return Problem(_place(folder, language, run, pair), message, "contrast", hint, severity)


def _place(folder: TemplateFolder, language: Language, run: StyledText, pair: tuple[str, str]) -> FilePosition:
    """Return where the author decided it: the colour in an own file, the text, or what includes the shared file."""
    color, background = pair
    places = (
        _color_place(folder, color, is_own=True),
        text_place(folder, language, run.text),
        _color_place(folder, background, is_own=True),
        _color_place(folder, color, is_own=False),
        _color_place(folder, background, is_own=False),
    )
    return next((place for place in places if place is not None), FilePosition(folder.path_of(MJML_FILE)))


def _color_place(folder: TemplateFolder, color: str, *, is_own: bool) -> FilePosition | None:
    """Return where the template's own files write a colour, or include a shared file that does."""
    for file, source in collect_includes(folder, MJML_FILE).items():
        index = source.text.upper().find(color)
        if index >= 0 and (file in folder.files) is is_own:
            return source.position_of(index) if is_own else own_include_place(folder, MJML_FILE, file)
    return None
