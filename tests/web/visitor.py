"""Somebody at a keyboard in a real browser, whose every page is looked at by axe-core."""

import os
from pathlib import Path
from typing import Any, Final

import pytest

CHROMIUM: Final = Path("/usr/bin/chromium")
SIZES: Final = {"telephone": (375, 740), "desk": (1280, 900)}
IN_A_BROWSER: Final = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason="Chromium is not installed: `apt install chromium`",
    ),
]


class Visitor:
    """A member at a keyboard, who has no mouse and no script."""

    def __init__(self, browser: Any, address: str, size: tuple[int, int], scheme: str = "light") -> None:
        self.address = address
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)

    def goes(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.looks()

    def tabs_to(self, selector: str) -> None:
        """Press Tab until the element has the focus, and see that the focus shows."""
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                break
        else:
            raise AssertionError(f"{selector} cannot be reached by the keyboard")
        outline = self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

    def presses(self, selector: str) -> None:
        """Press Enter on a link or a button, and look at the page that comes."""
        self.tabs_to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.looks()

    def ticks(self, choice: str) -> None:
        self.tabs_to(f'input[value="{choice}"]')
        self.page.keyboard.press("Space")

    def looks(self) -> None:
        """Nothing is cut off at the side, and axe finds nothing serious."""
        from axe_playwright_python.sync_playwright import Axe

        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(self.page).response["violations"]
        assert [(fault["id"], fault["impact"], fault["nodes"][0]["html"]) for fault in found] == []

    @property
    def heading(self) -> str:
        return self.page.inner_text("h1")
