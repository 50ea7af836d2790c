"""Shared pictures of a gallery: each stands in the page once, however many frames show it."""

import re
from dataclasses import dataclass, field
from typing import Final

_PICTURE: Final = re.compile(r"data:image/[a-z.+-]+;base64,[A-Za-z0-9+/=]+")


@dataclass(frozen=True, slots=True)
class SharedPictures:
    """Pictures of a page as data URIs, each with its number; the page's script puts them into the frames."""

    _numbers: dict[str, int] = field(default_factory=dict)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the pictures so far, in the order of their numbers."""
        return tuple(self._numbers)

    def share(self, html: str) -> str:
        """Return the HTML of a frame with `data:,picture-N` in place of each picture."""
        return _PICTURE.sub(lambda match: f"data:,picture-{self._number(match[0])}", html)

    def _number(self, address: str) -> int:
        return self._numbers.setdefault(address, len(self._numbers))
