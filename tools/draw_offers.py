"""Convert the drawings `tools/offers/*.svg` into the pictures `images/offers/*.png` with Chromium.

    .venv/bin/python tools/draw_offers.py [--sheet FILE]

The drawings are the source: 480 by 320, flat, lit from the left, in a few shared warm colours. The pictures
have half as many pixels again each way, so that they are sharp in a pair and as the poster of a newsletter.
The same drawing gives the same bytes with the same Chromium and Pillow. Needs the `dev` extra and a Chromium.
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
SCALE: Final = 1.5

_DRAWINGS: Final = Path(__file__).parent / "offers"
_PICTURES: Final = Path(__file__).parents[1] / "images" / "offers"
_COLUMNS: Final = 8
_COLOURS: Final = 96  # enough for smooth edges, few enough for small files


def main() -> None:
    """Draw every picture, or with `--sheet` one sheet of all pictures for review."""
    parser = argparse.ArgumentParser(description="Convert the drawings of the offers into pictures.")
    parser.add_argument("--sheet", type=Path, help="write one sheet of all pictures, and nothing else")
    sheet = parser.parse_args().sheet
    drawings = sorted(_DRAWINGS.glob("*.svg"))
    contact_sheet = render_sheet(drawings)
    if sheet is not None:
        contact_sheet.save(sheet)
        return
    _PICTURES.mkdir(parents=True, exist_ok=True)
    for place, drawing in enumerate(drawings):
        cut(contact_sheet, place).save(_PICTURES / f"{drawing.stem}.png", optimize=True)


def cut(sheet: Image.Image, place: int) -> Image.Image:
    """Return the picture at one place of the sheet, counted along its rows, in few colours."""
    width, height = round(WIDTH * SCALE), round(HEIGHT * SCALE)
    left, top = place % _COLUMNS * width, place // _COLUMNS * height
    picture = sheet.crop((left, top, left + width, top + height))
    return picture.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def render_sheet(drawings: Sequence[Path]) -> Image.Image:
    """Return all drawings in one image, in rows of eight, with a single start of the browser."""
    images = "".join(f'<img src="{drawing.as_uri()}" width="{WIDTH}" height="{HEIGHT}">' for drawing in drawings)
    page = f'<body style="margin:0;width:{_COLUMNS * WIDTH}px;line-height:0">{images}</body>'
    with tempfile.TemporaryDirectory() as folder:
        html, image = Path(folder) / "sheet.html", Path(folder) / "sheet.png"
        html.write_text(page, "utf-8")
        _open_in_browser(html, image, rows=-(-len(drawings) // _COLUMNS))
        with Image.open(image) as opened:
            return opened.convert("RGB")


def _open_in_browser(html: Path, image: Path, *, rows: int) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("draw_offers: no Chromium found")
    subprocess.run(  # noqa: S603 - our own page, no foreign input
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            f"--force-device-scale-factor={SCALE}",
            "--force-color-profile=srgb",
            f"--window-size={_COLUMNS * WIDTH},{rows * HEIGHT}",
            f"--screenshot={image}",
            html.as_uri(),
        ],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    main()
