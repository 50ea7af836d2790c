"""Take the pictures of the members' pages, on a telephone and a desktop, in a workspace after `viesti demo`.

Needs Debian's Chromium. The workspace is copied; nothing in it changes:

    python tools/take_member_pictures.py WORKSPACE
"""

import base64
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from time import monotonic

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from campaigns.core.clock import Clock
from campaigns.core.model.enums import Language
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.runs.engine import Engine
from campaigns.store.runs.run_tables import DECISION, Run
from campaigns.web.server import listening_socket, serving_in_thread
from campaigns.workspace.context import Context, Resources
from campaigns.workspace.paths import Workspace

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
CAMPAIGN = "beauty_newsletter"
NOW = datetime(2018, 1, 8, 8, 0, tzinfo=UTC)
_SIZES = {"phone": (375, 760), "desktop": (900, 1000)}
_TALL = 1500
_PACE = 60  # a minute a second: codes of one member are limited in a quarter of an hour
_COLLAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 28px; display: flex; gap: 28px; align-items: flex-start; background: #d9d6cd;
        width: max-content }}
img {{ display: block; border-radius: 12px; box-shadow: 0 2px 14px #0003 }}
</style>{body}"""


class Pages:
    """Member pages of one member in one browser, in a language and a colour scheme."""

    def __init__(self, engine: Engine, browser: Browser, address: str, outbox: Path) -> None:
        self.engine, self.browser, self.address, self.outbox = engine, browser, address, outbox
        self.run = self._planned_run()
        self.codes = 0

    def link(self, scope: str) -> str:
        """Return the path of a link in the member's message."""
        token = self.engine.context.signer.link_token(scope, self.run.number or 0, self._position)
        return f"/{LINK_PATHS[scope]}/{token}"

    @contextmanager
    def page(self, scheme: str) -> Iterator[Page]:
        """Open a browser page."""
        page = self.browser.new_page(color_scheme=scheme, viewport={"width": 375, "height": 760})
        yield page
        page.close()

    def type_code(self, page: Page) -> None:
        """Type the code that was sent last."""
        folder, letters = self.outbox / "notes" / "email", list[Path]()
        while len(letters) <= self.codes:
            with ThreadPoolExecutor(1) as pool:  # the browser's event loop runs in this thread
                pool.submit(self.engine.notice_sender.send_waiting).result()
            letters = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
            page.wait_for_timeout(100)
        self.codes = len(letters)
        body = message_from_bytes(letters[-1].read_bytes(), policy=policy.default).get_body(("plain",))
        page.fill("#code", re.findall(r"\d{4} \d{4}", body.get_content() if body else "")[0])
        page.click("main button")

    def _planned_run(self) -> Run:
        definition, _ = self.engine.context.repository.campaign_definition(CAMPAIGN)
        run, _ = self.engine.planner.plan(definition, NOW, lambda _: None)
        self.engine.run_control.start(run)
        self._position = self._choose_member(run)
        return self.engine.queries.run(run.run_id)

    def _choose_member(self, run: Run) -> int:
        """Return the position of a Finnish-speaking member who gets the message and has an address."""
        query = select(DECISION.c.position, DECISION.c.member_id).where(
            DECISION.c.run_number == run.number, DECISION.c.kind == "send"
        )
        with self.engine.context.ledger.read() as connection:
            rows = connection.execute(query.order_by(DECISION.c.position)).all()
        for row in rows:
            contact = self.engine.queries.member(row.member_id)
            if contact["language"] == Language.FI and contact["email"] and contact["phone"] and contact["tracking"]:
                return int(row.position)
        raise SystemExit("no member of the workspace suits")


def screenshots(page: Page) -> list[bytes]:
    """Return a picture of the page on a telephone and one on a desktop."""
    pictures = []
    for width, height in _SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        whole = min(int(page.evaluate("document.documentElement.scrollHeight")), _TALL)
        page.set_viewport_size({"width": width, "height": max(whole, 500)})
        page.evaluate("scrollTo(0, 0)")
        pictures.append(page.screenshot())
    return pictures


def save(browser: Browser, name: str, pictures: list[bytes]) -> None:
    """Save pictures side by side."""
    page = browser.new_page(viewport={"width": 2400, "height": 900})
    tags = [f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}">' for picture in pictures]
    page.set_content(_COLLAGE.format(body="".join(tags)))
    page.locator("body").screenshot(path=PICTURES / f"{name}.png", scale="css")
    page.close()


def take(pages: Pages) -> None:
    """Take every picture: telephone light, desktop light, telephone dark."""
    for name, way in (("preferences", "p"), ("why", "w"), ("choices", "me"), ("data", "data"), ("held", "held")):
        save(pages.browser, f"member-{name}", list(_light_and_dark(pages, way)))


def _light_and_dark(pages: Pages, way: str) -> Iterator[bytes]:
    for scheme in ("light", "dark"):
        with pages.page(scheme) as page:
            _open(pages, page, way)
            phone, desktop = screenshots(page)
            yield from (phone, desktop) if scheme == "light" else (phone,)


def _open(pages: Pages, page: Page, way: str) -> None:
    scope = "why" if way == "w" else "preferences"
    page.goto(f"{pages.address}{pages.link(scope)}?lang=fi")
    if way in {"p", "w"}:
        return
    page.click('button[name="by"][value="email"]')
    pages.type_code(page)
    if way == "me":
        return
    page.goto(f"{pages.address}/me/data?lang=fi")
    page.click('form[action^="/me/data/code"] button')
    pages.type_code(page)
    if way == "held":
        page.click('form[action^="/me/data/whole"] button')
        return
    page.click("summary.grave")


def main(source: Path) -> None:
    """Copy the workspace, with this checkout's files, and take the pictures in it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        shutil.copytree(source, root, ignore=shutil.ignore_patterns("notes"))
        for part in ("config", "templates"):
            shutil.copytree(ROOT / part, root / part, dirs_exist_ok=True)
        started = monotonic()
        clock = Clock(read=lambda: NOW + _PACE * timedelta(seconds=monotonic() - started))
        engine = Engine(Context(Resources(Workspace(root), clock=clock), "pictures"))
        with (
            listening_socket("127.0.0.1", 0) as listener,
            serving_in_thread(engine, listener),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            take(Pages(engine, browser, f"http://127.0.0.1:{listener.getsockname()[1]}", root / "outbox"))
            browser.close()
        engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
