"""Take the pictures of a letter and a text message in three languages, and of a plan.

Needs Debian's Chromium, poppler's pdftoppm and a workspace in which `viesti demo` has run:

    python tools/take_pictures.py WORKSPACE
"""

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
LANGUAGES = ("fi", "sv", "en")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 28px; display: flex; gap: 28px; align-items: flex-start; background: #d9d6cd;
        font: 15px/1.45 Carlito, sans-serif; width: max-content }}
img {{ display: block; border-radius: 10px; box-shadow: 0 2px 14px #0003 }}
.sms {{ width: 300px; background: #fff; border-radius: 18px; padding: 16px 18px; white-space: pre-wrap;
        box-shadow: 0 2px 14px #0003; margin-bottom: 18px; overflow-wrap: anywhere }}
.sms small {{ color: #667; display: block; margin-top: 8px }}
pre {{ background: #16211f; color: #e9efe9; border-radius: 10px; padding: 22px 26px; margin: 0;
       font: 14px/1.35 "DejaVu Sans Mono", monospace }}
</style>{body}"""


def collage(browser: Browser, body: str) -> bytes:
    """Return pictures side by side at their own size, as PNG."""
    page = browser.new_page(viewport={"width": 2400, "height": 900})
    page.set_content(_PAGE.format(body=body))
    picture = page.locator("body").screenshot()
    page.close()
    return picture


def image_element(png: bytes, width: int) -> str:
    """Return an HTML element with a picture."""
    return f'<img width="{width}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def letters(workspace: Path) -> Iterator[bytes]:
    """Generate a page of a letter in each language, as PNG: the first one, and in Swedish the offers overleaf."""
    for language in LANGUAGES:
        page = "2" if language == "sv" else "1"
        pdf = next(iter(sorted(workspace.glob(f"outbox/owner_post-*/post-1/owner_post-{language}-*.pdf"))))
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "page"
            subprocess.run(["pdftoppm", "-r", "80", "-f", page, "-singlefile", "-png", pdf, target], check=True)  # noqa: S603, S607
            yield target.with_suffix(".png").read_bytes()


def messages(workspace: Path) -> str:
    """Return a text message in each language, with its segment count, as HTML."""
    lines = next(iter(workspace.glob("outbox/weekend_offer-*/sms.jsonl"))).read_text("utf-8").splitlines()
    words = {"fi": "Kiellä", "sv": "Avböj", "en": "Stop"}
    boxes = []
    for word in words.values():
        rows = [row for row in map(json.loads, lines) if word in row["text"]]
        message = max(rows, key=lambda row: len(row["text"]), default=None)  # one with a coupon
        if message:
            count = f"{message['encoding']}, {message['segments']} segments"
            boxes.append(f'<div class="sms">{escape(message["text"])}<small>{count}</small></div>')
    return f"<div>{''.join(boxes)}</div>"


def plan(workspace: Path) -> str:
    """Return the output of `viesti plan` as HTML."""
    command = [Path(sys.executable).with_name("viesti"), "--workspace", workspace, "plan", "beauty_newsletter"]
    options = ["--as-of", "2018-01-08T09:30"]
    printed = subprocess.run([*command, *options], check=True, capture_output=True, text=True)  # noqa: S603
    return f"<pre>$ viesti plan beauty_newsletter --as-of 2018-01-08T09:30\n\n{escape(printed.stdout)}</pre>"


def main(workspace: Path) -> None:
    """Take every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        pages = "".join(image_element(letter, 420) for letter in letters(workspace))
        for name, body in (
            ("letters-and-sms", pages + messages(workspace)),
            ("plan", plan(workspace)),
        ):
            (PICTURES / f"{name}.png").write_bytes(collage(browser, body))
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
