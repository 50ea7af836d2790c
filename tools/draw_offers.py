"""Turn the drawings of `tools/offers/*.svg` into the pictures `images/offers/*.png`, by way of Chromium.

    .venv/bin/python tools/draw_offers.py [--sheet FILE]

The drawings are the source: 480 by 320, flat, lit from the left, in the few warm colours that the others have.
The same drawing gives the same bytes on the same Chromium and Pillow. Needs the `dev` extra and a Chromium.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

WIDTH: Final = 480
HEIGHT: Final = 320

_DRAWINGS: Final = Path(__file__).parent / "offers"
_PICTURES: Final = Path(__file__).parents[1] / "images" / "offers"
_ACROSS: Final = 8
_COLOURS: Final = 96  # enough for smooth edges, few enough for small files


def main() -> None:
    """Draw every picture, or with `--sheet` all of them on one sheet to look at."""
    parser = argparse.ArgumentParser(description="Turn the drawings of the offers into pictures.")
    parser.add_argument("--sheet", type=Path, help="write one sheet of all pictures, and nothing else")
    sheet = parser.parse_args().sheet
    drawings = sorted(_DRAWINGS.glob("*.svg"))
    drawn = photograph(drawings)
    if sheet is not None:
        drawn.save(sheet)
        return
    _PICTURES.mkdir(parents=True, exist_ok=True)
    for place, drawing in enumerate(drawings):
        cut(drawn, place).save(_PICTURES / f"{drawing.stem}.png", optimize=True)


def cut(sheet: Image.Image, place: int) -> Image.Image:
    """The picture at one place of the sheet, counted along its rows, in few colours."""
    left, top = place % _ACROSS * WIDTH, place // _ACROSS * HEIGHT
    picture = sheet.crop((left, top, left + WIDTH, top + HEIGHT))
    return picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def photograph(drawings: Sequence[Path]) -> Image.Image:
    """All drawings in one image, in rows of eight: one start of the browser for all of them."""
    images = "".join(f'<img src="{drawing.as_uri()}" width="{WIDTH}" height="{HEIGHT}">' for drawing in drawings)
    page = f'<body style="margin:0;width:{_ACROSS * WIDTH}px;line-height:0">{images}</body>'
    with tempfile.TemporaryDirectory() as folder:
        html, image = Path(folder) / "sheet.html", Path(folder) / "sheet.png"
        html.write_text(page, "utf-8")
        _open_in_browser(html, image, rows=-(-len(drawings) // _ACROSS))
        with Image.open(image) as opened:
            return opened.convert("RGB")


def _open_in_browser(html: Path, image: Path, *, rows: int) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("draw_offers: no Chromium found")
    subprocess.run(  # noqa: S603 - our own page, nothing of anybody else's
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--force-color-profile=srgb",
            f"--window-size={_ACROSS * WIDTH},{rows * HEIGHT}",
            f"--screenshot={image}",
            html.as_uri(),
        ],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    main()
