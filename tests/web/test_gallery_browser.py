"""Gallery in Chromium: widths and colour schemes as promised, no request, and no click that leads anywhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.browser import AXE, DESKTOP_SIZE, PHONE_SIZE, needs_browser
from tests.support.shell import Shell

pytestmark = [*needs_browser, pytest.mark.long]

CAMPAIGN: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {register: owners}
channels: [email, sms]
content: {email: hello, sms: hello}
"""
DARK: Final = """
    <mj-raw><meta name="color-scheme" content="light dark"></mj-raw>
    <mj-style>@media (prefers-color-scheme: dark) { body { background: #102030 !important; } }</mj-style>
"""
BACKGROUNDS: Final = """
    [...document.querySelectorAll("#everyone-email-en-sample iframe")].map(frame => [
        frame.clientWidth, frame.closest("[data-mode]").dataset.mode,
        getComputedStyle(frame.contentDocument.body).backgroundColor])
"""


@pytest.fixture
def page(viesti: Shell, browser: Any) -> Iterator[Any]:
    """Page of a gallery in Chromium, with the addresses that it asked for."""
    head = viesti.root / "templates/email/hello/body.mjml"
    head.write_text(head.read_text("utf-8").replace("</mj-head>", f"{DARK}</mj-head>", 1), "utf-8")
    viesti.write("letter", CAMPAIGN)
    viesti("plan", "letter", "--as-of", "2018-01-01T10:00")
    file = viesti("preview", "letter", "--language", "en", "--json").json["file"]
    page = browser.new_page(viewport=DESKTOP_SIZE, color_scheme="dark")  # of the machine: it must not decide
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto(Path(file).as_uri())
    page.evaluate("for (const frame of document.querySelectorAll('iframe')) frame.loading = 'eager'")
    page.wait_for_function(
        "[...document.querySelectorAll('iframe')].every(frame => frame.contentDocument?.body?.innerText)"
    )
    yield page
    page.close()


def test_each_e_mail_is_shown_at_three_widths_in_two_schemes(page: Any) -> None:
    shown = page.evaluate(BACKGROUNDS)
    assert [(width, mode) for width, mode, _ in shown] == [
        (width, mode) for mode in ("light", "dark") for width in (375, 640, 1024)
    ]
    dark = {mode: {colour for _, its_mode, colour in shown if its_mode == mode} for mode in ("light", "dark")}
    assert dark["dark"] == {"rgb(16, 32, 48)"}
    assert "rgb(16, 32, 48)" not in dark["light"]


def test_no_request_goes_out_and_no_click_leads_anywhere(page: Any) -> None:
    address = page.url
    frames = page.query_selector_all("iframe")
    for frame in (frames[0], frames[-1]):
        inside = frame.content_frame()
        links = inside.query_selector_all("[data-leads-to]")
        assert links
        for link in links:
            assert link.get_attribute("title") == link.get_attribute("data-leads-to")
            link.evaluate("link => link.click()")
            link.focus()
            page.keyboard.press("Enter")
        assert inside.url == "about:srcdoc"
    page.wait_for_timeout(300)
    assert page.url == address
    assert [url for url in page.requests if not url.startswith(("data:", "about:"))] == [address]
    assert len(page.context.pages) == 1


def test_filters_and_sizes_work_and_nothing_is_cut_off_on_a_phone(page: Any) -> None:
    cards = "[...document.querySelectorAll('article')].filter(card => !card.hidden).map(card => card.id)"
    everything = page.evaluate(cards)
    page.get_by_role("group", name="Language").get_by_role("button", name="Swedish").click()
    assert 0 < len(page.evaluate(cards)) < len(everything)
    assert all("-sv-" in name for name in page.evaluate(cards))
    hidden = next(name for name in everything if name not in page.evaluate(cards))
    page.locator(f'.toc a[href="#{hidden}"]').click()  # a link of the contents shows what a filter hides
    assert page.evaluate(cards) == everything
    page.get_by_role("group", name="Mode").get_by_role("button", name="dark").click()
    assert page.locator(".strip.light:visible").count() == 0
    heights = "[...document.querySelectorAll('.strip.dark iframe')].map(frame => frame.clientHeight)"
    page.get_by_role("button", name="Whole length").click()
    page.wait_for_function(f"({heights}).length && document.body.classList.contains('whole')")
    page.set_viewport_size(PHONE_SIZE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_SIZE["width"]


def test_the_page_is_accessible_and_its_picture_is_kept(page: Any) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)
    page.evaluate(
        "for (const frame of document.querySelectorAll('iframe')) frame.remove()"
    )  # the e-mails are checked elsewhere
    violations = [(id_, node) for id_, impact, node in page.evaluate(AXE) if impact in {"serious", "critical"}]
    assert violations == []
    folder = os.environ.get("VIESTI_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / "gallery.png"), full_page=True)
