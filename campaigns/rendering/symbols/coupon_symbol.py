"""Symbol of a coupon's code, as its till reads it: bars for EAN-13, a QR code for letters and digits."""

from typing import Final

from campaigns.core.model.coupon import CodeFormat
from campaigns.rendering.symbols.drawing import Border, bars_svg, png, square_svg
from campaigns.rendering.symbols.qr_code import qr_family

_BARS_BORDER: Final = Border(11, 11, 4, 4)  # GS1 wants 11 modules left and 7 right
_QR_BORDER: Final = Border(4, 4, 4, 4)
_BARS_HEIGHT: Final = 40
_BARS_SCALE, _QR_SCALE = 4, 8  # twice what is shown, for sharp screens


def symbol_svg(code_format: CodeFormat, text: str) -> str:
    """Return the symbol of a code as SVG, without the white border that the layout leaves round it; "" for text."""
    match code_format:
        case CodeFormat.EAN13:
            return bars_svg(_bars(text), _BARS_HEIGHT)
        case CodeFormat.QR:
            return square_svg(_squares(text))
        case CodeFormat.TEXT:
            return ""


def symbol_png(code_format: CodeFormat, text: str) -> bytes:
    """Return the symbol of a code as PNG with its white border; a code of plain text has none, which is ValueError.

    Bars are 468 × 192 pixels, squares 264 × 264 for sixteen characters: a few hundred bytes.
    """
    match code_format:
        case CodeFormat.EAN13:
            return png([_bars(text)], _BARS_BORDER, _BARS_SCALE, _BARS_HEIGHT)
        case CodeFormat.QR:
            modules = _squares(text)
            side = int(len(modules) ** 0.5)
            rows = [modules[start : start + side] for start in range(0, len(modules), side)]
            return png(rows, _QR_BORDER, _QR_SCALE)
        case CodeFormat.TEXT:
            raise ValueError("a code of plain text has no symbol")


def _bars(digits: str) -> bytes:
    """Return the modules of thirteen digits from left to right: a byte each, 1 for dark."""
    from barcode.ean import EuropeanArticleNumber13  # most messages have no coupons

    symbol = EuropeanArticleNumber13(digits)
    if symbol.ean != digits:
        raise ValueError("the check digit is wrong")
    return bytes(map(int, symbol.build()[0]))


def _squares(text: str) -> bytes:
    return qr_family("", len(text)).modules(text)
