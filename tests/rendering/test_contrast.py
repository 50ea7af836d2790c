"""Contrast that texts of an e-mail need, and the colours that a mailbox computes."""

import pytest
from tinycss2.color3 import parse_color

from campaigns.rendering.checks.computed_styles import StyledPage, TextStyle
from campaigns.rendering.checks.contrast import is_read, required_ratio
from campaigns.rendering.checks.css_values import hexadecimal

WHITE, BLACK = parse_color("#FFFFFF"), parse_color("#000000")


def colors(css: str, body: str, *, dark: bool = False) -> tuple[str, str]:
    """Return text colour and background of the only text of a page."""
    page = StyledPage.parse(f"<html><head><style>{css}</style></head><body>{body}</body></html>")
    (run,) = [run for run in page.texts(dark=dark) if run.text.strip()]
    return hexadecimal(run.style.color), hexadecimal(run.style.background)


@pytest.mark.parametrize(
    ("size", "is_bold", "ratio"),
    [(16, False, 4.5), (16, True, 4.5), (18.66, True, 3), (23, False, 4.5), (24, False, 3)],
)
def test_large_text_needs_less_contrast(size: float, is_bold: bool, ratio: float) -> None:
    assert required_ratio(TextStyle(BLACK, WHITE, size, is_bold)) == ratio


@pytest.mark.parametrize(
    ("css", "body", "expected"),
    [
        ("", "<p>x</p>", ("#000000", "#FFFFFF")),
        ("p { color: #111111 } .a { color: #222222 }", '<p class="a">x</p>', ("#222222", "#FFFFFF")),
        ("p { color: #111111 }", '<p style="color:#333333">x</p>', ("#333333", "#FFFFFF")),
        ("p { color: #111111 !important }", '<p style="color:#333333">x</p>', ("#111111", "#FFFFFF")),
        ("", '<p style="background:#444444 url(x.png) 0 0; color:#fff">x</p>', ("#FFFFFF", "#444444")),
        ("", '<table bgcolor="#555555"><tr><td>x</td></tr></table>', ("#000000", "#555555")),
        ("body { background: #000 }", '<p style="background:rgba(255,255,255,.5)">x</p>', ("#000000", "#808080")),
        ("div > p { color: #666666 }", "<div><span><p>x</p></span></div>", ("#000000", "#FFFFFF")),
        ("@media (max-width: 479px) { p { color: #777777 } }", "<p>x</p>", ("#000000", "#FFFFFF")),
        ("", '<a href="https://a.example/">x</a>', ("#0000ED", "#FFFFFF")),
        ("", '<p style="display:none">y</p><p>x</p>', ("#000000", "#FFFFFF")),
        ("", "<p>x<br><b>", ("#000000", "#FFFFFF")),
        ("", '<p style="opacity:.2">x</p>', ("#CCCCCC", "#FFFFFF")),
        ("div { opacity: 50%; background: #000 }", '<div><p style="color:#fff">x</p></div>', ("#FFFFFF", "#808080")),
        ("", '<p style="color:rgb(200 200 200)">x</p>', ("#C8C8C8", "#FFFFFF")),
        ("", '<p style="color:rgb(0 0 0 / 20%)">x</p>', ("#CCCCCC", "#FFFFFF")),
        ("", '<p style="color:lab(80% 0 0)">x</p>', ("#000000", "#FFFFFF")),
    ],
)  # fmt: skip
def test_colors_follow_from_cascade_and_inheritance(css: str, body: str, expected: tuple[str, str]) -> None:
    assert colors(css, body) == expected


def test_dark_mode_has_its_own_colors() -> None:
    css = (
        "p { color: #111111 } @media (prefers-color-scheme: dark) { body { background: #101010 } p { color: #EEEEEE } }"
    )
    assert colors(css, "<p>x</p>", dark=True) == ("#EEEEEE", "#101010")
    assert colors(css, "<p>x</p>") == ("#111111", "#FFFFFF")
    assert StyledPage.parse(f"<style>{css}</style>").has_dark_mode
    assert not StyledPage.parse("<style>p { color: #111111 }</style>").has_dark_mode


@pytest.mark.parametrize(
    "head",
    [
        "<style>:root { color-scheme: light dark }</style>",
        "<style>html { color-scheme: dark }</style>",
        '<meta name="color-scheme" content="light dark">',
    ],
)
def test_a_page_that_asks_for_a_dark_canvas_is_read_in_dark_mode(head: str) -> None:
    page = StyledPage.parse(f'<html><head>{head}</head><body><p style="color:#222222">x</p></body></html>')
    assert page.has_dark_mode
    (run,) = page.texts(dark=True)
    assert (hexadecimal(run.style.color), hexadecimal(run.style.background)) == ("#222222", "#121212")


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="font-size:0">y</p>',
        '<p style="font-size:1px">y</p>',
        '<p style="max-height:0;overflow:hidden">y</p>',
        '<p style="height:0px; overflow:hidden">y</p>',
        '<p aria-hidden="true">01</p>',
    ],
)
def test_words_that_no_reader_sees_are_no_text(hidden: str) -> None:
    page = StyledPage.parse(f'<body style="color:#fff">{hidden}</body>')
    assert not any(map(is_read, page.texts(dark=False)))


@pytest.mark.parametrize(
    ("body", "is_over"),
    [
        ('<div style="background:url(a.png)"><p>x</p></div>', True),
        ('<div style="background-image:linear-gradient(#000, #333)"><p>x</p></div>', True),
        ('<table background="a.png"><tr><td>x</td></tr></table>', True),
        ('<div style="background:#222 url(a.png)"><p>x</p></div>', False),
        ('<div style="background:url(a.png)"><p style="background:#fff">x</p></div>', False),
        ("<p>x</p>", False),
    ],
)
def test_a_picture_behind_a_text_hides_its_ground_unless_a_colour_is_said(body: str, is_over: bool) -> None:
    (run,) = [run for run in StyledPage.parse(body).texts(dark=False) if run.text.strip()]
    assert run.style.over_picture is is_over
