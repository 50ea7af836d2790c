"""PDF pages from Typst sources, in our own fonts. The only module that uses Typst.

Typst is imported only when pages are rendered: sending e-mail does not need its 7 MB.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
    """Typst document: `main.typ` and the files it may read, by path.

    Nothing else on the machine can be read. UserError for an error that Typst finds; one outside the templates is
    reported for `file`.
    """

    sources: Mapping[str, bytes]
    file: str = "letter.typ"

    def render_pdf(self, created_at: datetime) -> bytes:
        """Render the pages as PDF/A-2b; the same document and `created_at` give the same bytes."""
        whole_seconds = created_at.replace(microsecond=0)  # Typst accepts no fractions
        return bytes(self._compile(format="pdf", pdf_standards="a-2b", pdf_tags=False, timestamp=whole_seconds))

    def render_images(self, dots_per_inch: int) -> tuple[bytes, ...]:
        """Render the pages as PNG."""
        pages = self._compile(format="png", ppi=dots_per_inch)
        return tuple(map(bytes, pages)) if isinstance(pages, list) else (bytes(pages),)

    def _compile(self, **options: Any) -> Any:
        with _errors_as_problems(self.file):
            files: Any = dict(self.sources)  # the stub lacks the form with files by name
            return _compiler().compile(input=files, **options)


class _Thread(threading.local):
    compiler: "typst.Compiler | None" = None


_THREAD: Final = _Thread()


def _compiler() -> "typst.Compiler":
    """Return the thread's compiler: making one, with its library, takes a quarter of the time of a letter.

    It forgets the files of a document when that is compiled.
    """
    if _THREAD.compiler is None:
        import typst

        _THREAD.compiler = typst.Compiler(b"", root=FONTS_FOLDER, font_paths=_fonts())
    return _THREAD.compiler


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
        _THREAD.compiler = None  # its state is unknown
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
