"""PDF pages from Typst sources, in our own fonts. The only module that uses Typst.

Typst is imported only when pages are rendered: sending e-mail does not need its 7 MB.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.rendering.letters.fonts import FONTS_FOLDER

if TYPE_CHECKING:
    import typst

_POSITION: Final = re.compile(r"(templates/\S+?):(\d+):(\d+)")
_SEARCHED: Final = re.compile(r" \(searched at .*\)")  # a path of ours, which says nothing to an author


@dataclass(frozen=True, slots=True)
class TypstDocument:
    """Typst document: `main.typ` and the files it may read, by path, and the texts in its `sys.inputs`.

    Nothing else on the machine can be read. UserError for an error that Typst finds; one outside the templates is
    reported for `file`.
    """

    sources: Mapping[str, bytes]
    inputs: Mapping[str, str] = field(default_factory=dict)
    file: str = "letter.typ"

    def render_pdf(self, created_at: datetime) -> bytes:
        """Render the pages as PDF/A-2b; the same document and `created_at` give the same bytes."""
        whole_seconds = created_at.replace(microsecond=0)  # Typst accepts no fractions
        with _errors_as_problems(self.file):
            pdf: Any = self._compiler().compile(
                format="pdf", pdf_standards="a-2b", pdf_tags=False, timestamp=whole_seconds
            )
        return bytes(pdf)

    def render_images(self, dots_per_inch: int) -> tuple[bytes, ...]:
        """Render the pages as PNG."""
        with _errors_as_problems(self.file):
            pages: Any = self._compiler().compile(format="png", ppi=dots_per_inch)
        return tuple(map(bytes, pages)) if isinstance(pages, list) else (bytes(pages),)

    def _compiler(self) -> "typst.Compiler":
        import typst

        files: Any = dict(self.sources)  # the stub lacks the form with files by name
        return typst.Compiler(files, root=FONTS_FOLDER, font_paths=_fonts(), sys_inputs=dict(self.inputs))


@lru_cache(maxsize=1)
def _fonts() -> "typst.Fonts":
    """Return Carlito and the fonts built into Typst, never the machine's: a letter looks the same everywhere."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS_FOLDER])


@contextmanager
def _errors_as_problems(file: str) -> Iterator[None]:
    """Turn Typst's errors into UserError; a panic of Typst itself is one, too."""
    import typst

    try:
        yield
    except typst.TypstError as error:
        raise UserError([_problem(error, file)]) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # its class cannot be imported
            raise
        raise UserError.about(
            file, "Typst itself fails at this letter", "typst", "leave out what is unusual"
        ) from error


def _problem(error: "typst.TypstError", file: str) -> Problem:
    match = _POSITION.search(error.diagnostic)
    place = FilePosition(match[1], int(match[2]), int(match[3])) if match else FilePosition(file)
    message = _SEARCHED.sub("", error.message.removeprefix("assertion failed: "))
    return Problem(place, message, "typst", "; ".join(error.hints) or "mend it there")
