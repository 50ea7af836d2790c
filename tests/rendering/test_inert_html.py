"""HTML of a gallery: nothing of it reaches anything outside, and its colour scheme is decided."""

import re

import pytest

from campaigns.rendering.gallery.inert_html import InertHtml, Link, make_inert

PICTURE = "data:image/png;base64,AAAA"


def inert(html: str) -> InertHtml:
    return make_inert(html, lambda address: PICTURE if address.endswith("/cheese.png") else None)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://shop.example/a">x</a>',
        "<a HREF='https://shop.example/a' target=_blank ping='https://shop.example/p'>x</a>",
        '<map><area href="https://shop.example/a" alt="x"></map>',
        '<svg><a xlink:href="https://shop.example/a"><text>x</text></a></svg>',
        '<img src="https://cdn.example/a.png" srcset="https://cdn.example/b.png 2x">',
        '<td background="https://cdn.example/a.png">x</td>',
        '<p style="background:url(https://cdn.example/a.png)">x</p>',
        "<style>p{background:url('//cdn.example/a.png')}@import 'https://cdn.example/a.css';</style>",
        '<link rel="stylesheet" href="https://cdn.example/a.css">',
        '<base href="https://shop.example/">',
        '<meta http-equiv="refresh" content="0;url=https://shop.example/">',
        '<script>location="https://shop.example/"</script>',
        "<p onclick=\"location='https://shop.example/'\">x</p>",
        '<iframe src="https://shop.example/"></iframe>',
        '<form action="https://shop.example/"><button formaction="https://shop.example/b">x</button></form>',
        '<video poster="https://cdn.example/a.png"></video>',
    ],
)
def test_nothing_reaches_outside(html: str) -> None:
    result = inert(f"<html><head></head><body>{html}</body></html>")
    for text in (result.light, result.dark):
        quiet = re.sub(r'(data-leads-to|title)="[^"]*"', "", text).replace("http://www.w3.org/2000/svg", "")
        assert "example" not in quiet
        assert not re.search(r"\s(href|xlink:href|target|action|srcset|on\w+)\s*=", quiet, re.IGNORECASE)


def test_links_are_listed_with_their_words_and_lead_nowhere() -> None:
    result = inert(
        '<p><a href="https://shop.example/a?b=1&amp;c=2" style="color:red">Big <b>deal</b> &amp; more</a></p>'
    )
    assert result.links == (Link("Big deal & more", "https://shop.example/a?b=1&c=2"),)
    assert 'title="https://shop.example/a?b=1&amp;c=2"' in result.light
    assert 'style="color:red"' in result.light


def test_pictures_are_inside_and_missing_ones_are_named() -> None:
    result = inert('<img src="http://x.example/images/cheese.png"><img src="http://x.example/images/none.png">')
    assert PICTURE in result.light
    assert result.missing_pictures == ("http://x.example/images/none.png",)


def test_the_preheader_is_the_first_hidden_text() -> None:
    html = '<body><div style="display: none;max-height:0">Only this <b>week</b> &amp; next</div><div>Hello</div></body>'
    assert inert(html).preheader == "Only this week & next"


def test_each_scheme_is_decided_in_the_media_queries() -> None:
    style = "<style>@media (prefers-color-scheme: dark) and (max-width:480px){p{color:white}}</style>"
    result = inert(f"<html><head>{style}</head><body></body></html>")
    assert result.has_dark_mode
    assert "@media (min-width: 0) and (max-width:480px)" in result.dark
    assert "@media (max-width: 0) and (max-width:480px)" in result.light
    assert ":root{color-scheme:dark}" in result.dark
    assert ":root{color-scheme:light}" in result.light


def test_an_e_mail_without_a_dark_mode_stays_light_in_the_dark() -> None:
    result = inert("<html><head></head><body><p>x</p></body></html>")
    assert not result.has_dark_mode
    assert ":root{color-scheme:light}" in result.dark


def test_conditional_comments_and_entities_stay() -> None:
    html = "<!doctype html><html><head></head><body><!--[if mso]><table><![endif]-->&nbsp;&#8203;ä</body></html>"
    assert "<!--[if mso]><table><![endif]-->&nbsp;&#8203;ä" in inert(html).light
