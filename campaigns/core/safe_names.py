"""Names of files made from ids and titles that come from elsewhere: one path part, whatever the text is."""

import re
from hashlib import sha256
from typing import Final

ID_PATTERN: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_.:+-]{0,62}[A-Za-z0-9])?"
"""Form of the ids of members, households, products and stores: ASCII, so that no two look alike."""

ID_RULE: Final = "an id has 1 to 64 letters a-z or digits, between them also . _ - + :, and no `..`"

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]+")
_RESERVED: Final = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)  # devices of Windows, whatever the suffix
_KEPT: Final = 32
_DIGITS: Final = 16


def safe_file_name(text: str) -> str:
    """Return a name for a file or folder that stands for `text` alone: itself where it is plain, else with a digest.

    It never leads elsewhere, hides nothing, is no device, and is at most 64 characters long.
    """
    if _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{_OTHER.sub('_', text).strip('_-')[:_KEPT] or 'id'}~{digest}"
