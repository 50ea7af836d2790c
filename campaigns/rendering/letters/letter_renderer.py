"""Letters as pages of one PDF/A-2b: each is a Typst document of its own, drawn in a child process with limits.

A template is a program that somebody else wrote. The document of a letter holds the values of its one member, so that
nothing in the language can reach another's: neither inputs nor files, queries, states, counters or loops. Typst keeps
no state from one document to the next, except in plugins, which `markup` refuses. Before the first letter the process
gives up its right to open files and connections.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from campaigns.core.child_process import ChildLimitError, ChildLimits, run_in_bounded_child_process
from campaigns.core.errors import UserError
from campaigns.rendering.letters.joined_pdf import JoinedPdf
from campaigns.rendering.letters.letter_pictures import picture_path, printable_picture
from campaigns.rendering.letters.typst import TypstDocument

MEMORY: Final = 1_000_000_000
"""Bytes of memory that the letters of one bundle may take while they are drawn."""
LIMIT_CODE: Final = "typst_limit"
_START_SECONDS: Final = 10  # of a processor; a letter takes 5 ms
_SECONDS_PER_LETTER: Final = 0.1
_WAITING_FACTOR: Final = 6  # a busy machine is slower than its processor time
_MAX_PAGES: Final = 200
_MAX_BYTES: Final = 20_000_000
_THREADS: Final = 4
_SCREEN_DPI: Final = 110
_T = TypeVar("_T")
_DRIVER: Final = """\
#import "/{file}": letter
#letter(json("/house.json"), json("/page.json"))
#context assert(query(<letter>).len() == 1, message: "{message}")
"""
_NOT_ONE_SHEET: Final = "a letter is drawn by the shared `letter-sheet`, once"
_FRAME: Final = '#set text(font: "Carlito", lang: "{language}")\nx *x* _x_ *_x_*'  # each face is read from its file
_FAILED: Final = "Typst cannot draw the letter of a member with what stands here"


@dataclass(frozen=True, slots=True)
class LetterPages:
    """Several letters in one PDF, and the number of pages of each."""

    pdf: bytes
    page_counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LetterDocuments:
    """Letters to draw: the template's file, the files it may read, the house's values, and those of each member.

    `pictures` are those of offers by name, and `picture_names` the names of those that each letter shows: files, too.
    """

    file: str
    sources: Mapping[str, bytes]
    language: str
    house: bytes
    members: Sequence[bytes]
    created_at: datetime
    is_sample: bool
    pictures: Mapping[str, bytes]
    picture_names: Sequence[Sequence[str]]

    def render(self) -> LetterPages:
        """Render the letters in order, each beginning on a new page; the same letters give the same bytes.

        UserError with one problem for an error that Typst finds in the template, and for a letter without an end.
        """
        return self._run_bounded(render_documents)

    def render_images(self) -> list[tuple[bytes, ...]]:
        """Render the pages of each letter as PNG, for a screen; raise UserError as `render` does."""
        return self._run_bounded(render_images)

    def _run_bounded(self, work: Callable[["LetterDocuments"], _T]) -> _T:
        try:
            return run_in_bounded_child_process(_limits(len(self.members)), work, self)
        except ChildLimitError as error:
            message = f"a letter takes more than {MEMORY / 1e9:.1f} GB of memory or {_START_SECONDS} seconds"
            hint = "look for a `range`, a loop, a text or a picture that grows without end"
            raise UserError.about(self.file, message, LIMIT_CODE, hint) from error

    def documents(self) -> Iterator[TypstDocument]:
        """Yield the document of each letter, which holds the values of its member and of nobody else."""
        driver = _DRIVER.format(file=self.file, message=_NOT_ONE_SHEET).encode()
        shared = {**self.sources, "house.json": self.house, "main.typ": driver}
        for member, names in zip(self.members, self.picture_names, strict=True):
            pictures = {picture_path(name): self.pictures[name] for name in names}
            yield TypstDocument({**shared, **pictures, "page.json": member}, file=self.file)


def render_documents(letters: LetterDocuments) -> LetterPages:
    """Render the letters in this process, which should be a child with limits: see `LetterDocuments.render`."""
    os.environ["RAYON_NUM_THREADS"] = "1"  # each letter in one thread is faster than all threads in each letter
    frame = TypstDocument({"main.typ": _FRAME.format(language=letters.language).encode()}).render_pdf(
        letters.created_at
    )
    letters = _with_pictures(letters)
    threads = ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1, len(letters.members) or 1))
    _forbid_new_files()
    joined, counts = JoinedPdf(), []
    with threads:
        for pdf in threads.map(partial(_render, letters=letters), letters.documents()):
            counts.append(joined.add(pdf))
            if counts[-1] > _MAX_PAGES or len(pdf) > _MAX_BYTES:
                message = f"a letter has more than {_MAX_PAGES} pages or {_MAX_BYTES // 1_000_000} MB"
                raise UserError.about(letters.file, message, LIMIT_CODE, "print less, or smaller pictures")
    return LetterPages(joined.finish(frame), tuple(counts))


def render_images(letters: LetterDocuments) -> list[tuple[bytes, ...]]:
    """Render the pages of each letter as PNG in this process, which should be a child with limits."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    frame = TypstDocument({"main.typ": _FRAME.format(language=letters.language).encode()})
    frame.render_images(_SCREEN_DPI)  # the typefaces are read before the process may open no more files
    letters = _with_pictures(letters)
    _forbid_new_files()
    return [_blame(partial(document.render_images, _SCREEN_DPI), letters) for document in letters.documents()]


def _with_pictures(letters: LetterDocuments) -> LetterDocuments:
    """Return the letters with pictures that Typst can be given."""
    pictures = {name: printable_picture(name, content) for name, content in letters.pictures.items()}
    return replace(letters, pictures=pictures)


def _render(document: TypstDocument, letters: LetterDocuments) -> bytes:
    return _blame(partial(document.render_pdf, letters.created_at), letters)


def _blame(render: Callable[[], _T], letters: LetterDocuments) -> _T:
    """Return what `render` does; without Typst's own words in its error, unless the letter is a sample."""
    try:
        return render()
    except UserError as error:
        if letters.is_sample:
            raise
        # Typst's own words can repeat a value of the member, and they are logged (OP-06)
        raise UserError(
            replace(problem, message=_FAILED, hint="`viesti check`") for problem in error.problems
        ) from None


def _limits(letters: int) -> ChildLimits:
    seconds = _START_SECONDS + int(letters * _SECONDS_PER_LETTER)
    return ChildLimits(MEMORY, seconds, seconds * _WAITING_FACTOR)


def _forbid_new_files() -> None:
    """Refuse this process new files and connections: a template that names a package cannot send its name anywhere."""
    import resource  # not on every system that could read this module

    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
