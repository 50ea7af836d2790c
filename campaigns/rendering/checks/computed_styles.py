"""Colours of an e-mail's texts as a mailbox computes them from styles, in light or in dark mode."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final
from xml.etree.ElementTree import Element, TreeBuilder

import cssselect2
import tinycss2
from tinycss2.color3 import RGBA

from campaigns.rendering.checks.css_values import (
    first_color,
    font_size,
    is_picture,
    is_zero,
    laid_over,
    opacity_of,
    parsed_color,
    weighs_bold,
)
from campaigns.rendering.checks.tag_reader import Attributes, TagReader

_SCHEME: Final = "color-scheme"
_ROOTS: Final = frozenset({":root", "html"})
_DARK: Final = "prefers-color-scheme:dark"
_WHITE, _BLACK = RGBA(1, 1, 1, 1), RGBA(0, 0, 0, 1)
_DARK_CANVAS: Final = RGBA(0.07, 0.07, 0.07, 1)  # what browsers put behind a page that says `color-scheme: dark`
_LINK: Final = {False: RGBA(0, 0, 0.93, 1), True: RGBA(0.62, 0.62, 1, 1)}  # links that no style colours
_SKIPPED_TAGS: Final = frozenset({"head", "style", "title", "script"})

_Weight = tuple[bool, bool, tuple[int, ...], int]  # important, inline, specificity, order


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Style of a run of text: colours without transparency, size in pixels.

    `over_picture`: what lies behind is a picture or gradient without a colour of its own.
    """

    color: RGBA
    background: RGBA
    size: float = 16
    is_bold: bool = False
    over_picture: bool = False


@dataclass(frozen=True, slots=True)
class StyledText:
    """Run of visible text with its style."""

    text: str
    style: TextStyle


@dataclass(frozen=True, slots=True)
class StyledPage:
    """Parsed HTML of an e-mail."""

    root: Element
    sheets: tuple[tuple[bool, Any], ...]  # rules that hold always, or in dark mode only

    @classmethod
    def parse(cls, html: str) -> "StyledPage":
        """Parse the HTML and its style sheets."""
        parser = _TreeParser()
        parser.feed(html)
        root = parser.finish()
        sheets = [rule for sheet in root.iter("style") for rule in _rules(sheet.text or "", sheet.get("media") or "")]
        return cls(root, tuple(sheets))

    @property
    def has_dark_mode(self) -> bool:
        """Return whether a style sheet says what is different in dark mode."""
        return any(is_dark for is_dark, _ in self.sheets) or self._asks_for_a_dark_canvas

    @property
    def _asks_for_a_dark_canvas(self) -> bool:
        """Return whether the page says `color-scheme: light dark`, so that its ground turns dark by itself."""
        metas = (each.get("content") for each in self.root.iter("meta") if each.get("name") == _SCHEME)
        rules = (rule for _, rule in self.sheets if tinycss2.serialize(rule.prelude).strip().lower() in _ROOTS)
        styles = (value for rule in rules for name, _, value in _declarations(rule.content) if name == _SCHEME)
        return any("dark" in (words or "").lower() for words in (*metas, *map(tinycss2.serialize, styles)))

    def texts(self, *, dark: bool) -> Iterator[StyledText]:
        """Yield every visible run of text of the page in one mode."""
        matcher = cssselect2.Matcher()
        for order, (is_dark, rule) in enumerate(self.sheets):
            if dark or not is_dark:
                _add_rule(matcher, rule, order)
        base = TextStyle(_WHITE, _DARK_CANVAS) if dark else TextStyle(_BLACK, _WHITE)
        yield from _texts(cssselect2.ElementWrapper.from_html_root(self.root), base, matcher, dark=dark)


def _rules(css: str, media: str) -> Iterator[tuple[bool, Any]]:
    """Yield the style rules of a sheet; those for a width or for paper only are left out."""
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "at-rule" and rule.lower_at_keyword == "media" and rule.content is not None:
            yield from _rules(tinycss2.serialize(rule.content), media + tinycss2.serialize(rule.prelude))
        elif rule.type == "qualified-rule" and (mode := _mode(media)) is not None:
            yield mode, rule


def _mode(media: str) -> bool | None:
    query = media.lower().replace(" ", "")
    if _DARK in query:
        return True
    return None if any(word in query for word in ("width", "print", "prefers", "height")) else False


def _add_rule(matcher: Any, rule: Any, order: int) -> None:
    declarations = _declarations(rule.content)
    try:
        selectors = cssselect2.compile_selector_list(rule.prelude)
    except cssselect2.SelectorError:
        return  # a mailbox ignores it as well
    for selector in selectors:
        if selector.pseudo_element is None:
            matcher.add_selector(selector, (order, declarations))


def _declarations(content: Any) -> list[tuple[str, bool, Any]]:
    return [
        (part.lower_name, part.important, part.value)
        for part in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        if part.type == "declaration"
    ]


@lru_cache(maxsize=1024)
def _inline_declarations(style: str) -> list[tuple[str, bool, Any]]:
    return _declarations(style)  # MJML writes the same ones over and over


def _texts(element: Any, inherited: TextStyle, matcher: Any, *, dark: bool) -> Iterator[StyledText]:
    tag = element.local_name
    if tag in _SKIPPED_TAGS:
        return
    properties = _properties(element, matcher)
    if _is_hidden(properties) or element.etree_element.get("aria-hidden") == "true":
        return
    texts = _own_texts(element, _style(element, properties, inherited, dark=dark), matcher, dark=dark)
    opacity = opacity_of(properties.get("opacity", ()))
    yield from texts if opacity == 1 else (_faded(text, opacity, inherited.background) for text in texts)


def _own_texts(element: Any, style: TextStyle, matcher: Any, *, dark: bool) -> Iterator[StyledText]:
    if element.etree_element.text:
        yield StyledText(element.etree_element.text, style)
    for child in element.iter_children():
        yield from _texts(child, style, matcher, dark=dark)
        if child.etree_element.tail:
            yield StyledText(child.etree_element.tail, style)


def _faded(text: StyledText, opacity: float, behind: RGBA) -> StyledText:
    """Return a text as it shows when its element, with its background, lets through what is behind."""
    color, background = (
        laid_over(RGBA(*color[:3], opacity), behind) for color in (text.style.color, text.style.background)
    )
    return replace(text, style=replace(text.style, color=color, background=background))


def _properties(element: Any, matcher: Any) -> Mapping[str, Any]:
    """Return the winning value of each property."""
    winners: dict[str, tuple[_Weight, Any]] = {}
    inline = element.etree_element.get("style")
    blocks: list[tuple[bool, tuple[int, ...], int, Iterable[tuple[str, bool, Any]]]] = [
        (False, tuple(specificity), order, declarations)
        for specificity, _, _, (order, declarations) in matcher.match(element)
    ]
    if inline:
        blocks.append((True, (), 0, _inline_declarations(inline)))
    for is_inline, specificity, order, declarations in blocks:
        for name, important, value in declarations:
            key = "background-color" if name == "background" else name
            weight = (important, is_inline, specificity, order)
            if key not in winners or weight >= winners[key][0]:
                winners[key] = weight, value
    return {name: value for name, (_, value) in winners.items()}


def _is_hidden(properties: Mapping[str, Any]) -> bool:
    words = {name: tinycss2.serialize(value).strip().lower() for name, value in properties.items()}
    is_flat = words.get("overflow") == "hidden" and any(is_zero(words.get(name)) for name in ("height", "max-height"))
    no_show = words.get("display") == "none" or words.get("visibility") == "hidden" or words.get("opacity") == "0"
    return no_show or is_flat


def _style(element: Any, properties: Mapping[str, Any], inherited: TextStyle, *, dark: bool) -> TextStyle:
    tag, attributes = element.local_name, element.etree_element
    color = first_color(properties.get("color", ()))
    if color is None and "color" not in properties and tag == "a" and attributes.get("href"):
        color = _LINK[dark]
    background = first_color(properties.get("background-color", ()))
    if background is None and "background-color" not in properties:
        background = parsed_color(attributes.get("bgcolor") or "")
    behind = laid_over(background, inherited.background) if background is not None else inherited.background
    is_opaque = background is not None and background.alpha == 1
    has_picture = attributes.get("background") or any(map(is_picture, properties.get("background-color", ())))
    has_picture = has_picture or any(map(is_picture, properties.get("background-image", ())))
    return replace(
        inherited,
        color=laid_over(color, behind) if color is not None else inherited.color,
        background=behind,
        size=font_size(properties.get("font-size", ()), inherited.size),
        is_bold=weighs_bold(tag, properties.get("font-weight"), is_bold=inherited.is_bold),
        over_picture=not is_opaque and (bool(has_picture) or inherited.over_picture),
    )


class _TreeParser(TagReader):
    """Parser of HTML into a tree."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = TreeBuilder()
        self.builder.start("viesti", {})

    def start(self, tag: str, attributes: Attributes) -> None:
        self.builder.start(tag, {name: value or "" for name, value in attributes.items()})

    def end(self, tag: str) -> None:
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        self.builder.data(data)

    def finish(self) -> Element:
        """Return the `html` element."""
        self.close()
        self.builder.end("viesti")
        root = self.builder.close()
        html = root.find("html")
        return root if html is None else html
