"""Check of what a mailbox fetches to show an e-mail: another site would learn who opens it, and when (GD-22)."""

import re
from collections.abc import Iterator
from html import unescape
from itertools import chain
from typing import Final

from campaigns.core.errors import FilePosition, Problem
from campaigns.rendering.checks.address_targets import written_addresses
from campaigns.rendering.checks.email_sample import EmailSample
from campaigns.rendering.email.includes import collect_includes
from campaigns.rendering.email.mjml import MJML_FILE

_IMAGE: Final = re.compile(r"""<img[^>]*\ssrc=["'](https?:[^"'>\s]+)""", re.IGNORECASE)
_STYLE: Final = re.compile(
    r"""<style\b[^>]*>(.*?)</style|\s(?:style|srcset)=("[^"]*"|'[^']*')""", re.IGNORECASE | re.DOTALL
)
_CSS_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_FETCHED: Final = re.compile(r"""(?:https?:)?//[^"'()<>,;\s]+""", re.IGNORECASE)


def check_images(sample: EmailSample) -> Iterator[Problem]:
    """Check that images come from our own site: another site would learn who opens the message, and when (GD-22)."""
    offer_images = {str(offer.get("image")) for offer in sample.offers()}
    for address in _fetched_addresses(sample.body.html):
        if address not in offer_images and not address.startswith(str(sample.settings.public_url)):
            message = f"the picture `{address[:60]}` is fetched from elsewhere, which tells who opens the message"
            yield Problem(_address_place(sample, address), message, "foreign_picture", "put it under `images/`")


def _address_place(sample: EmailSample, address: str) -> FilePosition:
    """Return where an address is written, or a style that holds it; else the file of the HTML."""
    markup = list(collect_includes(sample.folder, MJML_FILE).values())
    written = [each.place for each in written_addresses(sample.folder, markup) if each.text == address]
    in_styles = (source.position_of(source.text.index(address)) for source in markup if address in source.text)
    return next(chain(written, in_styles), sample.html_place)


def _fetched_addresses(html: str) -> Iterator[str]:
    """Yield the addresses that a mailbox fetches from: all of pictures and of styles, however these write them."""
    yield from map(unescape, _IMAGE.findall(html))
    for sheet, attribute in _STYLE.findall(html):
        yield from _FETCHED.findall(_CSS_COMMENT.sub("", unescape(sheet or attribute)))
