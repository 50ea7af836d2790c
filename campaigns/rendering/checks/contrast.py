"""Contrast of an e-mail's texts with their own background, in light and in dark mode (WCAG 2.2, 1.4.3, level AA).

The formula is that of https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. A picture or gradient behind a text is judged
by the plain colour below it, which readers see who do not load pictures.
"""

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Final

from tinycss2.color3 import RGBA

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.enums import Language
from campaigns.rendering.checks.computed_styles import StyledPage, StyledText, TextStyle
from campaigns.rendering.email.includes import collect_includes, own_include_place
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.templates.folder import TemplateFolder

NORMAL_RATIO: Final = 4.5
LARGE_RATIO: Final = 3.0
_LARGE, _LARGE_BOLD = 24.0, 18.66  # pixels: 18 points, or 14 bold
_EXCERPT: Final = 40


def contrast_ratio(one: RGBA, other: RGBA) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def required_ratio(style: TextStyle) -> float:
    """Return the least contrast of a text: large text may have less."""
    is_large = style.size >= (_LARGE_BOLD if style.is_bold else _LARGE)
    return LARGE_RATIO if is_large else NORMAL_RATIO


def contrast_problems(folder: TemplateFolder, language: Language, html: str) -> Iterator[Problem]:
    """Warn of each pair of colours that is hard to read, once for each mode."""
    page = StyledPage.parse(html)
    for mode in ("light", "dark") if page.has_dark_mode else ("light",):
        seen: set[tuple[str, str]] = set()
        for run in page.texts(dark=mode == "dark"):
            pair = _hex(run.style.color), _hex(run.style.background)
            ratio = contrast_ratio(run.style.color, run.style.background)
            if ratio >= required_ratio(run.style) or pair in seen or not any(map(str.isalnum, run.text)):
                continue
            seen.add(pair)
            yield _problem(folder, language, run, pair, ratio, mode)


def _problem(
    folder: TemplateFolder, language: Language, run: StyledText, pair: tuple[str, str], ratio: float, mode: str
) -> Problem:
    color, background = pair
    excerpt = " ".join(run.text.split())[:_EXCERPT]
    rounded = Decimal(ratio).quantize(Decimal("0.1"), ROUND_DOWN)
    message = (
        f"`{excerpt}` is hard to read in {mode} mode: {color} on {background} has a contrast of {rounded}, "
        f"and needs {required_ratio(run.style):g}"
    )
    hint = f"a {'lighter' if _luminance(run.style.background) < _MIDDLE else 'darker'} colour"
    if mode == "dark":
        hint = f"{hint}, in `@media (prefers-color-scheme: dark)` of the style sheet"
    return Problem(_place(folder, language, run, pair), message, "contrast", hint, Severity.WARNING)


_MIDDLE: Final = 0.179  # the luminance on which black and white are equally easy to read


def _place(folder: TemplateFolder, language: Language, run: StyledText, pair: tuple[str, str]) -> FilePosition:
    """Return where the author decided it: the colour in an own file, the text, or what includes the shared file."""
    sources = collect_includes(folder, MJML_FILE)
    for is_own in (True, False):
        for color in pair:
            for file, source in sources.items():
                index = source.text.upper().find(color)
                if index < 0 or (file in folder.files) is not is_own:
                    continue
                return source.position_of(index) if is_own else own_include_place(folder, MJML_FILE, file)
        if is_own and (place := _text_place(folder, language, run.text)) is not None:
            return place
    return FilePosition(folder.path_of(MJML_FILE))


def _text_place(folder: TemplateFolder, language: Language, text: str) -> FilePosition | None:
    own = f"{folder.directory}/"
    for translated in folder.texts.values():
        place = translated.positions[language]
        if place.file.startswith(own) and translated.localised.text(language).strip() == text.strip():
            return place
    return None


def _luminance(color: RGBA) -> float:
    red, green, blue = (_linear(part) for part in color[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _hex(color: RGBA) -> str:
    return "#" + "".join(f"{round(part * 255):02X}" for part in color[:3])
