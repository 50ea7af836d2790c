"""Draw the logo of the example workspace, `images/brand/logo.png` for light grounds and `logo-dark.png` for dark ones.

A drop with the rings of a spring in it, and the name in both languages, in the letters' own typeface.
`python tools/draw_logo.py` writes both pictures with Typst; run it after a change of the drawing.
"""

from io import BytesIO
from pathlib import Path
from typing import Final

import typst
from PIL import Image

from campaigns.rendering.letters.fonts import FONTS_FOLDER

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = ROOT / "images" / "brand"
PIXELS_PER_INCH: Final = 216  # three pixels a point: sharp on every screen, and in print at 48 mm
_COLOURS: Final = 96
_DRAWING: Final = """
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#let drop = rgb("%(drop)s")
#let ring = rgb("%(ring)s")
#let size = 36pt
#let sign = box(width: size, height: size, {
  // a circle with one square corner: a drop, or a leaf
  place(rect(width: size, height: size, fill: drop, radius: (rest: size / 2, top-right: 1.5pt)))
  place(center + horizon, circle(radius: size * 0.33, stroke: 1.7pt + ring))
  place(center + horizon, circle(radius: size * 0.185, stroke: 1.7pt + ring))
  place(center + horizon, circle(radius: size * 0.06, fill: ring))
})
#let name(body, weight, fill) = move(dy: -1.2pt, text(
  font: "Libertinus Serif", size: 25pt, weight: weight, fill: rgb(fill),
  top-edge: "ascender", bottom-edge: "baseline", body,
))
#box(inset: (x: 0.5pt, y: 0.5pt), grid(
  columns: (auto, auto, auto, auto),
  align: horizon,
  column-gutter: (9pt, 7pt, 7pt),
  sign,
  name("Lähde", "bold", "%(first)s"),
  line(angle: 90deg, length: 22pt, stroke: 0.9pt + rgb("%(line)s")),
  name("Källan", "regular", "%(second)s"),
))
"""
LIGHT: Final = {"drop": "#0E4A47", "ring": "#FFFFFF", "first": "#0E4A47", "second": "#0E4A47", "line": "#8FA8A4"}
DARK: Final = {"drop": "#7FD1C4", "ring": "#0F1716", "first": "#EAF0EE", "second": "#EAF0EE", "line": "#6E8480"}


def draw(colours: dict[str, str]) -> bytes:
    """Return the logo in these colours, as PNG with a clear ground."""
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[FONTS_FOLDER])
    source = {"main.typ": (_DRAWING % colours).encode()}
    picture = typst.Compiler(source, root=FONTS_FOLDER, font_paths=fonts).compile(format="png", ppi=PIXELS_PER_INCH)
    smaller, small = Image.open(BytesIO(bytes(picture))), BytesIO()
    smaller.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()


def main() -> None:
    """Write both pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "logo.png").write_bytes(draw(LIGHT))
    (TARGET / "logo-dark.png").write_bytes(draw(DARK))


if __name__ == "__main__":
    main()
