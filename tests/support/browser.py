"""Keyboard user in a real browser; axe-core checks every page in two sizes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import pytest

from tests.support.served_pages import serve_pages
from tests.support.web_client import WebWorkspace

CHROMIUM: Final = Path("/usr/bin/chromium")
PHONE_SIZE: Final = {"width": 375, "height": 740}
DESKTOP_SIZE: Final = {"width": 1280, "height": 900}
AXE: Final = """
    axe.run({resultTypes: ["violations"]}).then(
        ({violations}) => violations.map(({id, impact, nodes}) => [id, impact, nodes[0].html]))
"""
OVERLAID: Final = """
    [...document.querySelectorAll("label:has(+ .about)")]
        .filter(label => label.nextElementSibling.getBoundingClientRect().top < label.getBoundingClientRect().bottom)
        .map(label => label.innerText)
"""
CUT_OFF: Final = """
    [...document.querySelectorAll("main *:not(.wide *, .unseen)")]
        .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display != "inline"
            && !each.matches(".wide, input, select, textarea"))
        .map(each => each.outerHTML.slice(0, 200))
"""
needs_browser: Final = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason="Chromium is not installed: `apt install chromium`",
    ),
]


class BrowserUser:
    """Member with a keyboard only: no mouse, no JavaScript of ours."""

    def __init__(self, browser: Any, address: str, scheme: str) -> None:
        from axe_playwright_python.base import AXE_SCRIPT

        self.address = address
        self.size = PHONE_SIZE
        self.codes_typed = 0
        self.page = browser.new_page(viewport=self.size, color_scheme=scheme)
        self.page.add_init_script(AXE_SCRIPT)

    @classmethod
    @contextmanager
    def of(cls, web_workspace: WebWorkspace, browser: Any, scheme: str = "light") -> Iterator[Self]:
        """Serve the workspace's pages and open a browser on them."""
        with serve_pages(web_workspace) as address:
            user = cls(browser, address, scheme)
            yield user
            user.page.close()

    def desktop(self, size: dict[str, int]) -> None:
        """Use a viewport of this size from now on."""
        self.size = size

    def open_page(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.check_page()

    def tab_to(self, selector: str) -> None:
        """Press Tab until the element has the focus, and assert that the focus is visible."""
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                break
        else:
            raise AssertionError(f"{selector} cannot be reached by the keyboard")
        outline = self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

    def press(self, selector: str) -> None:
        """Press Enter on a link or a button, and check the next page."""
        self.tab_to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.check_page()

    def tick(self, choice: str) -> None:
        self.tab_to(f'input[value="{choice}"]')
        self.page.keyboard.press("Space")

    def open_all_folds(self) -> None:
        """Open everything that is folded."""
        self.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")

    def keep_screenshot(self, name: str) -> None:
        """Save a screenshot in the folder that VIESTI_PICTURES names, if any."""
        folder = os.environ.get("VIESTI_PICTURES")
        if folder:
            self.page.set_viewport_size(DESKTOP_SIZE)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
            self.page.set_viewport_size(self.size)

    def check_page(self) -> None:
        """Assert that in both sizes nothing is cut off or overlaid and axe finds no violation."""
        for size in sorted((DESKTOP_SIZE, PHONE_SIZE), key=lambda size: size == self.size):  # the current size last
            self.page.set_viewport_size(size)
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert self.page.evaluate(CUT_OFF) == []
            assert self.page.evaluate(OVERLAID) == []
            assert self.page.evaluate(AXE) == []

    @property
    def heading(self) -> str:
        return self.page.inner_text("h1")
