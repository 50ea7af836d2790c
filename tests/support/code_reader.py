"""Reader of codes as tills and phones read them: zbar, over pictures of messages."""

import os
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

try:  # here, as it looks for its library with a process, which unit tests may not start
    from pyzbar.pyzbar import ZBarSymbol, decode
except ImportError:
    decode = None

_IS_CI: Final = os.environ.get("CI") == "true"
needs_code_reader: Final = pytest.mark.skipif(
    decode is None and not _IS_CI, reason="zbar is not installed: `apt install libzbar0`"
)
needs_pdf_printer: Final = pytest.mark.skipif(
    shutil.which("pdftoppm") is None and not _IS_CI, reason="poppler is not installed: `apt install poppler-utils`"
)


def read_codes(picture: bytes) -> set[tuple[str, str]]:
    """Return kind and text of every code in a picture."""
    kinds = [ZBarSymbol.EAN13, ZBarSymbol.QRCODE]
    return {
        (code.type, code.data.decode()) for code in decode(Image.open(BytesIO(picture)).convert("L"), symbols=kinds)
    }


def print_page(pdf: bytes, page: int, folder: Path, dots_per_inch: int = 200) -> bytes:
    """Return a page of a PDF as a printer of few dots would draw it, as PNG."""
    source, target = folder / "letter.pdf", folder / "page"
    source.write_bytes(pdf)
    options = ["-r", str(dots_per_inch), "-f", str(page), "-l", str(page), "-singlefile", "-png"]
    subprocess.run(["pdftoppm", *options, source, target], check=True)
    return target.with_suffix(".png").read_bytes()
