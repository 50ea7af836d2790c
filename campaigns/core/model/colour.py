"""Colours as six hexadecimal digits, and their contrast as WCAG 2.2 measures it."""

from typing import Annotated, Final

from pydantic import AfterValidator

from campaigns.core.model.localised_text import TextPattern

AA_CONTRAST: Final = 4.5
"""Smallest contrast of a text with its ground (WCAG 2.2, 1.4.3)."""
WHITE: Final = "#FFFFFF"
BLACK: Final = "#000000"
_FORM: Final = TextPattern("#[0-9A-Fa-f]{6}", "a colour is `#` and six digits or letters from A to F", '"#0E4A47"')

HexColour = Annotated[str, _FORM, AfterValidator(str.upper)]


def contrast(colour: str, ground: str) -> float:
    """Return the contrast ratio of two colours: 1 of equal ones, 21 of black on white."""
    darker, lighter = sorted((_luminance(colour), _luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


def legible_on(ground: str) -> str:
    """Return white or black, whichever is easier to read on a ground; the contrast is always above 4.5."""
    return max((WHITE, BLACK), key=lambda colour: contrast(colour, ground))


def blend(colour: str, ground: str, share: float) -> str:
    """Return a colour thinned with its ground; a `share` of 1 leaves it as it is."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(one * share + other * (1 - share)):02X}" for one, other in pairs)


def legible_shade(colour: str, grounds: tuple[str, ...]) -> str:
    """Return the nearest shade of a colour with enough contrast on every ground, or black or white if none has."""
    shades = [blend(end, colour, step / 20) for step in range(21) for end in (BLACK, WHITE)]
    legible = (shade for shade in shades if all(contrast(shade, ground) >= AA_CONTRAST for ground in grounds))
    return next(legible, legible_on(grounds[0]))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
