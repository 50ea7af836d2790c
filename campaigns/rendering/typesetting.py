"""Pages drawn by Typst from sources that are given by name, in our own typefaces. The one module that knows Typst."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import typst

from campaigns.errors import AuthorError, Place, Problem
from campaigns.rendering.typeface import FONTS

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
        try:
            pdf: Any = self._compiler().compile(
                format="pdf", pdf_standards="a-2b", pdf_tags=False, timestamp=whole_seconds
            )
        except typst.TypstError as error:
            raise AuthorError([_trouble(error)]) from error
        return bytes(pdf)

    def ask(self, query: str) -> Any:
        """What an expression over the drawn pages is; cheap after `pdf`, because the layout is remembered."""
        try:
            return json.loads(self._compiler().eval(query))
        except typst.TypstError as error:
            raise AuthorError([_trouble(error)]) from error

    def _compiler(self) -> typst.Compiler:
        files: Any = dict(self.sources)  # the stub forgets that files may be given by name
        return typst.Compiler(files, root=FONTS, font_paths=_fonts(), sys_inputs=dict(self.inputs))


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Carlito, and what Typst itself brings; never the machine's, or a letter would look different elsewhere."""
    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS])


def _trouble(error: typst.TypstError) -> Problem:
    found = _TROUBLE.search(error.diagnostic)
    place = Place(found[1], int(found[2]), int(found[3])) if found else Place("letter.typ")
    return Problem(place, error.message, "typst", "; ".join(error.hints))
