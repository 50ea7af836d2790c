"""WCAG 2.2 AA on every member page: focus, target size, reflow, text spacing, zoom and motion, besides axe (C-08)."""

from typing import Any, Final

import pytest

from campaigns.core.model.enums import Language
from tests.support.browser import DESKTOP_SIZE, PHONE_SIZE, BrowserUser, needs_browser
from tests.support.member_walk import MEMBER_PAGES, open_member_page
from tests.support.web_client import WebWorkspace, add_newsletter

SMALL_TARGETS: Final = """
    [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")]
        .filter(each => !each.matches(".unseen, .skip") && each.checkVisibility())
        .map(each => [each, each.getBoundingClientRect()])
        .filter(([each, box]) => box.width < 24 || box.height < 24)
        .map(([each]) => each.outerHTML.slice(0, 120))
"""
BEYOND_THE_EDGE: Final = """
    [...document.querySelectorAll("body *:not(.unseen, .skip, thead, thead *)")]
        .filter(each => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1
            && !each.closest(".wide, thead, .unseen"))
        .map(each => each.outerHTML.slice(0, 120))
"""
TEXT_SPACING: Final = """
    * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
    p { margin-bottom: 2em !important; }
"""
CUT_OFF: Final = """
    [...document.querySelectorAll("main button, main label, main summary, main p, main h1, main h2, main li")]
        .filter(each => each.checkVisibility() && !each.closest(".unseen") && getComputedStyle(each).display != "inline"
            && (each.scrollHeight > each.clientHeight + 4 || each.scrollWidth > each.clientWidth + 1)
            && getComputedStyle(each).overflow != "visible")
        .map(each => each.outerHTML.slice(0, 120))
"""
FOCUS: Final = """
    (() => {
        const each = document.activeElement, box = each.getBoundingClientRect(), style = getComputedStyle(each);
        const bar = document.querySelector(".save-bar")?.getBoundingClientRect();
        const hidden = bar && !each.closest(".save-bar") && box.top >= bar.top && box.bottom <= bar.bottom;
        return {outline: style.outlineStyle, width: parseFloat(style.outlineWidth), hidden,
                inView: box.bottom > 0 && box.top < innerHeight, page: each === document.body,
                place: [...document.querySelectorAll("*")].indexOf(each)};
    })()
"""
SIZES: Final = {"phone": PHONE_SIZE, "desktop": DESKTOP_SIZE}

pytestmark = needs_browser


@pytest.fixture
def opened(web_workspace: WebWorkspace, browser: Any, request: pytest.FixtureRequest) -> Any:
    """A member page in a scheme, in Finnish, whose words are longest."""
    page, scheme = request.param
    add_newsletter(web_workspace)
    with BrowserUser.of(web_workspace, browser, scheme) as visitor:
        open_member_page(web_workspace, visitor, page, Language.FI)
        yield visitor


every_page = pytest.mark.parametrize(
    "opened",
    [(page, scheme) for page in MEMBER_PAGES for scheme in ("light", "dark")],
    ids=[f"{page}-{scheme}" for page in MEMBER_PAGES for scheme in ("light", "dark")],
    indirect=True,
)


@every_page
def test_every_page_passes_axe_and_wcag_22_checks_on_phone_and_desktop(opened: BrowserUser) -> None:
    opened.check_page()
    opened.open_all_folds()
    opened.check_page()
    for size in SIZES.values():
        opened.page.set_viewport_size(size)
        assert opened.page.evaluate(SMALL_TARGETS) == []
    check_reflow(opened)
    check_zoom_and_spacing(opened)
    check_focus(opened)


def check_reflow(opened: BrowserUser) -> None:
    """At 320 px nothing needs to be scrolled sideways (WCAG 1.4.10)."""
    opened.page.set_viewport_size({"width": 320, "height": 640})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert opened.page.evaluate(BEYOND_THE_EDGE) == []


def check_zoom_and_spacing(opened: BrowserUser) -> None:
    """With text at 200 % and wider spacing nothing is cut off (WCAG 1.4.4, 1.4.12)."""
    opened.page.set_viewport_size(DESKTOP_SIZE)
    opened.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.page.evaluate(CUT_OFF) == []
    opened.page.evaluate("document.documentElement.style.fontSize = ''")
    opened.page.set_viewport_size(PHONE_SIZE)
    opened.page.evaluate(
        """css => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(css);
            document.adoptedStyleSheets = [sheet];
        }""",
        TEXT_SPACING,
    )
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.page.evaluate(CUT_OFF) == []
    opened.page.evaluate("document.adoptedStyleSheets = []")


def check_focus(opened: BrowserUser) -> None:
    """Tab visits the page from top to bottom, and the focus is always visible (WCAG 2.4.3, 2.4.7, 2.4.11)."""
    opened.page.evaluate("document.querySelector('.skip').focus(); scrollTo(0, 0)")
    places = [opened.page.evaluate(FOCUS)["place"]]
    for _ in range(120):
        opened.page.keyboard.press("Tab")
        focus = opened.page.evaluate(FOCUS)
        if focus["page"] or focus["place"] == places[0]:
            break
        assert (focus["outline"], focus["inView"], focus["hidden"] or False) == ("solid", True, False), focus
        assert focus["width"] >= 2
        places.append(focus["place"])
    assert len(places) > 3
    assert places == sorted(places)


def test_motion_is_reduced_where_the_reader_wants_it(web_workspace: WebWorkspace, browser: Any) -> None:
    with BrowserUser.of(web_workspace, browser) as visitor:
        for motion, expected in (("reduce", True), ("no-preference", False)):
            visitor.page.emulate_media(reduced_motion=motion)
            visitor.page.goto(f"{visitor.address}/me?lang=fi")
            durations = visitor.page.evaluate("getComputedStyle(document.querySelector('button')).transitionDuration")
            assert (set(durations.split(", ")) == {"0s"}) is expected


def test_save_stays_in_reach_on_a_phone(web_workspace: WebWorkspace, visitor: BrowserUser) -> None:
    open_member_page(web_workspace, visitor, "choices", Language.FI)
    visitor.page.set_viewport_size(PHONE_SIZE)
    for share in (0.0, 0.3, 0.5):
        visitor.page.evaluate("share => scrollTo(0, document.body.scrollHeight * share)", share)
        box = visitor.page.locator(".save-bar button").bounding_box()
        assert box is not None
        assert 0 < box["y"] < PHONE_SIZE["height"] - box["height"] + 1


def test_what_we_hold_is_short_on_a_phone(web_workspace: WebWorkspace, visitor: BrowserUser) -> None:
    open_member_page(web_workspace, visitor, "held", Language.FI)
    visitor.page.set_viewport_size(PHONE_SIZE)
    assert visitor.page.evaluate("document.documentElement.scrollHeight") < 3_000


def test_rows_of_tables_are_cards_on_a_phone_and_a_table_on_a_desktop(
    web_workspace: WebWorkspace, visitor: BrowserUser
) -> None:
    open_member_page(web_workspace, visitor, "held", Language.FI)
    visitor.open_all_folds()
    display = "getComputedStyle(document.querySelector('.cards td')).display"
    visitor.page.set_viewport_size(PHONE_SIZE)
    assert visitor.page.evaluate(display) == "block"
    visitor.page.set_viewport_size(DESKTOP_SIZE)
    assert visitor.page.evaluate(display) == "table-cell"


@pytest.mark.hostile
def test_enter_on_a_tick_saves_and_never_takes_all_newsletters(web_workspace: WebWorkspace, browser: Any) -> None:
    add_newsletter(web_workspace)
    with BrowserUser.of(web_workspace, browser) as visitor:
        open_member_page(web_workspace, visitor, "choices", Language.EN)
        visitor.tab_to('input[value="newsletter:pets"]')
        visitor.page.keyboard.press("Enter")
        visitor.page.wait_for_timeout(300)
        assert web_workspace.record() == []
