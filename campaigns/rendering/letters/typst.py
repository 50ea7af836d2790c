"""Pages drawn by Typst from sources that are given by name, in our own typefaces. The one module that knows Typst.

It is read in where pages are drawn: who sends e-mail has no need of its 7 MB.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from campaigns.core.errors import AuthorError, Place, Problem
from campaigns.rendering.letters.fonts import FONTS

if TYPE_CHECKING:
    import typst

_TROUBLE: Final = re.compile(r"(templates/\S+?):(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Sheets:
    """What is to be drawn: `main.typ` and what it may read, by path, and the texts that it finds in `sys.inputs`.

    Nothing else of the machine can be read, and nothing is fetched. AuthorError for what Typst refuses.
    """

    sources: Mapping[str, bytes]
    inputs: Mapping[str, str]

    def pdf(self, created_at: datetime) -> bytes:
        """The pages as PDF/A-2b; the same sheets and `created_at` give the same bytes."""
        whole_seconds = created_at.replace(microsecond=0)  # Typst takes no other
        with _refusals():
            pdf: Any = self._compiler().compile(
                format="pdf", pdf_standards="a-2b", pdf_tags=False, timestamp=whole_seconds
            )
        return bytes(pdf)

    def drawn(self, created_at: datetime, query: str) -> tuple[bytes, Any]:
        """The pages, and what `query` says of them."""
        return self.pdf(created_at), self.ask(query)

    def ask(self, query: str) -> Any:
        """What an expression over the drawn pages is; cheap after `pdf`, because the layout is remembered."""
        with _refusals():
            return json.loads(self._compiler().eval(query))

    def _compiler(self) -> "typst.Compiler":
        import typst

        files: Any = dict(self.sources)  # the stub forgets that files may be given by name
        return typst.Compiler(files, root=FONTS, font_paths=_fonts(), sys_inputs=dict(self.inputs))


@lru_cache(maxsize=1)
def _fonts() -> "typst.Fonts":
    """Carlito, and what Typst itself brings; never the machine's, or a letter would look different elsewhere."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS])


@contextmanager
def _refusals() -> Iterator[None]:
    """What Typst refuses is the author's to mend."""
    import typst

    try:
        yield
    except typst.TypstError as error:
        raise AuthorError([_trouble(error)]) from error


def _trouble(error: "typst.TypstError") -> Problem:
    found = _TROUBLE.search(error.diagnostic)
    place = Place(found[1], int(found[2]), int(found[3])) if found else Place("letter.typ")
    return Problem(place, error.message, "typst", "; ".join(error.hints))
