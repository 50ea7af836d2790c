"""Colours: their contrast, the text that can be read on each, and shades that are legible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.model.brand import Brand, Colours
from campaigns.core.model.colour import AA_CONTRAST, WHITE, blend, contrast, legible_on, legible_shade

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06X}".format)


@pytest.mark.parametrize(
    ("colour", "ground", "ratio"),
    [
        ("#000000", "#FFFFFF", 21.0),
        ("#777777", "#FFFFFF", 4.478),
        ("#FF0000", "#FFFFFF", 3.998),
        ("#0000FF", "#FFFFFF", 8.592),
    ],
)
def test_contrast_is_that_of_wcag(colour: str, ground: str, ratio: float) -> None:
    assert contrast(colour, ground) == pytest.approx(ratio, abs=0.002)


@given(COLOURS)
def test_black_or_white_is_legible_on_every_colour(ground: str) -> None:
    assert contrast(legible_on(ground), ground) >= AA_CONTRAST


@given(COLOURS, COLOURS)
def test_a_suggested_shade_is_legible_wherever_one_exists(colour: str, ground: str) -> None:
    assert contrast(legible_shade(colour, (ground, ground)), ground) >= AA_CONTRAST


@given(COLOURS, COLOURS)
def test_contrast_is_the_same_both_ways_and_least_with_itself(colour: str, ground: str) -> None:
    assert contrast(colour, ground) == contrast(ground, colour) >= contrast(colour, colour) == 1
    assert blend(colour, ground, 1) == colour
    assert blend(colour, ground, 0) == ground


@pytest.mark.parametrize("palette", [Brand().colours, Brand().dark], ids=["light", "dark"])
def test_the_default_palette_is_legible(palette: Colours) -> None:
    colours = palette.model_dump()
    for text in ("ink", "muted", "accent", "brand", "alert"):
        assert min(contrast(colours[text], colours[ground]) for ground in ("paper", "sand", "ground")) >= AA_CONTRAST
    assert contrast(palette.on_accent, palette.accent) >= AA_CONTRAST


def test_the_default_palette_is_legible_in_print() -> None:
    colours = Brand().colours
    assert min(contrast(each, WHITE) for each in (colours.ink, colours.muted, colours.accent, colours.brand)) >= 4.5
