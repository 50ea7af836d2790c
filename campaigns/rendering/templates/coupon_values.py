"""Coupon of an offer as template values, and the pictures of coupons that an e-mail shows."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from campaigns.core.model.coupon import CodeFormat, CouponKind
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.inline_picture import InlinePicture
from campaigns.rendering.symbols.coupon_symbol import symbol_png, symbol_svg

COUPON_VALUES: Final = ("kind", "format", "code", "image", "valid_from", "valid_to")
"""Names of the values, as templates print them."""
SAMPLE_WORDS: Final[Mapping[Language, str]] = {Language.FI: "NÄYTE", Language.SV: "PROV", Language.EN: "SAMPLE"}
_SYMBOL_TEXT: Final = "symbol_text"  # no template prints it: the code without its groups
_SAMPLE_TEXT: Final = ("TESTTESTTESTTESN", "TEST-TEST-TEST-TESN")
_SAMPLE_DIGITS: Final = ("2900000000001", "2 900000 000001")


@dataclass(frozen=True, slots=True)
class CodeValues:
    """Code of a coupon: `text` as machines read it, `grouped` as people do."""

    format: CodeFormat
    text: str
    grouped: str


def coupon_values(
    offer_id: str, valid: tuple[date | None, date | None], channel: Channel, code: CodeValues | None
) -> Mapping[str, object]:
    """Return the values of a coupon; without a code it is bound to the card. `valid` are its first and last day."""
    return {
        "kind": (CouponKind.CARD if code is None else CouponKind.CODE).value,
        "format": None if code is None else code.format.value,
        "code": None if code is None else code.grouped,
        "image": None if code is None else _image(offer_id, channel, code),
        "valid_from": valid[0],
        "valid_to": valid[1],
        _SYMBOL_TEXT: None if code is None else code.text,
    }


def is_sample_coupon(value: object) -> bool:
    """Return whether a sample's author has said what a coupon is: `{kind: card}`, or a code with its format."""
    if not isinstance(value, Mapping) or set(value) - {"kind", "format"}:
        return False
    code_format = value.get("format")
    if value.get("kind") == CouponKind.CODE:
        return code_format in set(CodeFormat)
    return value.get("kind") == CouponKind.CARD and code_format is None


def sample_coupon(offer: Mapping[str, object], channel: Channel, language: Language) -> Mapping[str, object] | None:
    """Return the coupon of a sample's offer: its author says kind and format, and its code is none of any pool."""
    coupon = offer.get("coupon")
    if not isinstance(coupon, Mapping):
        return None
    text = coupon.get("format")
    code = None if text is None else sample_code_values(CodeFormat(str(text)), language)
    days = (offer.get("valid_from"), offer.get("valid_to"))
    first, last = (day if isinstance(day, date) else None for day in days)
    return coupon_values(f"sample-{text}", (first, last), channel, code)


def sample_code_values(code_format: CodeFormat, language: Language) -> CodeValues:
    """Return the code of samples, previews and proofs, which says that it is one: no coupon has it."""
    if code_format is CodeFormat.EAN13:
        text, grouped = _SAMPLE_DIGITS
        return CodeValues(code_format, text, f"{SAMPLE_WORDS[language]} {grouped}")
    return CodeValues(code_format, *_SAMPLE_TEXT)


def coupon_pictures(context: Mapping[str, object], html: str) -> tuple[InlinePicture, ...]:
    """Return the pictures of the coupons that the HTML of an e-mail shows, each once."""
    offers = context.get("offers")
    coupons = [coupon for offer in _mappings(offers) if (coupon := offer.get("coupon"))]
    return tuple(_pictures(coupons, html)) if coupons else ()


def with_embedded_coupons(context: Mapping[str, object], html: str) -> str:
    """Return the HTML of an e-mail with the pictures of its coupons inside, to be looked at without a mail program."""
    for picture in coupon_pictures(context, html):
        data = f"data:image/png;base64,{b64encode(picture.content).decode('ascii')}"
        html = html.replace(f"cid:{picture.content_id}", data)
    return html


def _pictures(coupons: Iterable[Any], html: str) -> Iterable[InlinePicture]:
    for image, coupon in {coupon["image"]: coupon for coupon in coupons if coupon["image"]}.items():
        if image in html:
            content_id = image.removeprefix("cid:")
            name = f"{content_id.partition('@')[0]}.png"
            yield InlinePicture(content_id, name, symbol_png(CodeFormat(coupon["format"]), coupon[_SYMBOL_TEXT]))


def _mappings(offers: object) -> Iterable[Mapping[str, object]]:
    return (offer for offer in offers if isinstance(offer, Mapping)) if isinstance(offers, list) else ()


def _image(offer_id: str, channel: Channel, code: CodeValues) -> str | None:
    """Return what shows the symbol: the reference to a part of the e-mail, or the drawing for a letter."""
    if code.format is CodeFormat.TEXT:
        return None
    if channel is Channel.EMAIL:
        return f"cid:coupon-{offer_id}@viesti"
    return symbol_svg(code.format, code.text) if channel is Channel.POST else None
