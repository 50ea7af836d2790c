"""Values of CSS as a mailbox reads them: colours, sizes, weights, opacity."""

from collections.abc import Iterable
from typing import Any, Final

from tinycss2 import color4
from tinycss2.color3 import RGBA

_UNITS: Final = {"px": 1.0, "pt": 4 / 3}
_BOLD: Final = 600
_BOLD_TAGS: Final = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})


def hexadecimal(color: RGBA) -> str:
    """Return an opaque colour as six digits."""
    return "#" + "".join(f"{round(part * 255):02X}" for part in color[:3])


def opacity_of(tokens: Iterable[Any]) -> float:
    """Return the opacity of an element, from 0 to 1."""
    for token in tokens:
        if token.type in ("number", "percentage"):
            return min(1.0, max(0.0, float(token.value) / (100 if token.type == "percentage" else 1)))
    return 1.0


def is_zero(length: str | None) -> bool:
    """Return whether a length leaves no room."""
    return length is not None and length.rstrip("px%em") in ("0", "0.0")


def is_picture(token: Any) -> bool:
    """Return whether a token of a background is a picture or a gradient."""
    return token.type == "url" or (token.type == "function" and str(token.lower_name).endswith(("url", "gradient")))


def first_color(tokens: Iterable[Any]) -> RGBA | None:
    """Return the first colour among the tokens of a value."""
    return next((color for color in map(parsed_color, tokens) if color is not None), None)


def parsed_color(token: Any) -> RGBA | None:
    """Return a colour; None for anything else, and for spaces of colours that mailboxes do not know."""
    color = color4.parse_color(token)
    if not isinstance(color, color4.Color):
        return None
    try:
        return RGBA(*color.to("srgb").coordinates, color.alpha)
    except NotImplementedError:
        return None


def laid_over(color: RGBA, behind: RGBA) -> RGBA:
    """Return a colour as it shows over another one."""
    mixed = (front * color.alpha + back * (1 - color.alpha) for front, back in zip(color[:3], behind[:3], strict=True))
    return RGBA(*mixed, 1)


def font_size(tokens: Iterable[Any], inherited: float) -> float:
    """Return the size of letters in pixels."""
    for token in tokens:
        if token.type == "number" and token.value == 0:
            return 0
        if token.type == "dimension" and token.lower_unit in _UNITS:
            return float(token.value) * _UNITS[token.lower_unit]
        if token.type == "percentage":
            return inherited * float(token.value) / 100
        if token.type == "dimension" and token.lower_unit in ("em", "rem"):
            return float(token.value) * (inherited if token.lower_unit == "em" else 16)
    return inherited


def weighs_bold(tag: str, tokens: Any, *, is_bold: bool) -> bool:
    """Return whether letters are bold by their weight, tag or parents."""
    for token in tokens or ():
        if token.type == "number":
            return float(token.value) >= _BOLD
        if token.type == "ident" and token.lower_value in ("bold", "bolder", "normal", "lighter"):
            return token.lower_value in ("bold", "bolder")
    return is_bold or tag in _BOLD_TAGS
