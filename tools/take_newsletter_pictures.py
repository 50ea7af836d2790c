"""Take pictures of the newsletters in their three layouts, from their samples. Needs Debian's Chromium.

python tools/take_newsletter_pictures.py           the picture of the documentation
python tools/take_newsletter_pictures.py FOLDER    each layout in three languages, at three widths, light and dark
"""

import base64
import re
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.rendering.checks.template_values import sample_values
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.workspace.settings_file import load_settings

ROOT: Final = Path(__file__).parents[1]
PICTURE: Final = ROOT / "docs" / "pictures" / "newsletter.png"
TEMPLATES: Final = ("beauty_brands", "beauty_mixed", "beauty_own_label")
WIDTHS: Final = (375, 640, 1280)
SCHEMES: Final = ("light", "dark")
_HEIGHT: Final = 1500
_DOCUMENTED: Final = (
    ("beauty_brands", Language.FI, 640, "light"),
    ("beauty_mixed", Language.SV, 640, "light"),
    ("beauty_own_label", Language.EN, 375, "dark"),
)
_COLLAGE: Final = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 28px; display: flex; gap: 28px; align-items: flex-start; background: #d9d6cd;
        width: max-content }}
img {{ display: block; height: {height}px; border-radius: 12px; box-shadow: 0 2px 14px #0003 }}
</style>{body}"""


def html_of(name: str, language: Language) -> str:
    """Return the sample of a newsletter with its pictures inside."""
    settings = load_settings(ROOT / "config" / "settings.yaml")
    folder = load_template_folder(ROOT, Channel.EMAIL, name)
    values = sample_values(folder, Purpose.NEWSLETTER, language, settings)
    html = EmailTemplate.compile(folder, language, settings).render(values).html
    return re.sub(rf"{settings.public_url}images/([\w/.-]+)", lambda match: _data_url(match[1]), html)


def screenshot(browser: Browser, html: str, width: int, scheme: str, height: int | None = None) -> bytes:
    """Return a picture of a page, or of its upper part."""
    page = browser.new_page(viewport={"width": width, "height": height or 800}, color_scheme=scheme)
    page.set_content(html)
    picture = page.screenshot(full_page=height is None)
    page.close()
    return picture


def collage(browser: Browser) -> bytes:
    """Return the picture of the documentation: the three layouts side by side."""
    pictures = (
        screenshot(browser, html_of(name, language), width, scheme, _HEIGHT)
        for name, language, width, scheme in _DOCUMENTED
    )
    tags = [f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}">' for picture in pictures]
    page = browser.new_page(viewport={"width": 2400, "height": 900})
    page.set_content(_COLLAGE.format(body="".join(tags), height=_HEIGHT * 2 // 3))
    return page.locator("body").screenshot()


def all_pictures(browser: Browser) -> Iterator[tuple[str, bytes]]:
    """Yield every picture with its name."""
    for name, language, width, scheme in product(TEMPLATES, Language, WIDTHS, SCHEMES):
        picture = screenshot(browser, html_of(name, language), width, scheme)
        yield f"{name}-{language}-{width}-{scheme}.png", picture


def _data_url(image: str) -> str:
    return f"data:image/png;base64,{base64.b64encode((ROOT / 'images' / image).read_bytes()).decode()}"


def main(folder: Path | None) -> None:
    """Take the picture of the documentation, or all pictures into a folder."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        if folder is None:
            PICTURE.write_bytes(collage(browser))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            for name, picture in all_pictures(browser):
                (folder / name).write_bytes(picture)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
