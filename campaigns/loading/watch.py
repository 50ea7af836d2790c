"""Whether the files that everything is read from have changed: a server goes on for months while they do."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.loading.workspace import Workspace

_Marks = frozenset[tuple[Path, int, int]]


@dataclass
class Watch:
    """Looks at settings, catalogue, offers and audiences: at when they were written, and how long they are."""

    workspace: Workspace
    _seen: _Marks = field(init=False)

    def __post_init__(self) -> None:
        self._seen = frozenset(self._marks())

    def has_changed(self) -> bool:
        """Whether one of them has since the last look, or since this was made."""
        before, self._seen = self._seen, frozenset(self._marks())
        return self._seen != before

    def _marks(self) -> Iterator[tuple[Path, int, int]]:
        at = self.workspace
        for file in (at.settings, at.catalogue, at.offers, *at.audience_files()):
            with suppress(FileNotFoundError):
                found = file.stat()
                yield file, found.st_mtime_ns, found.st_size
