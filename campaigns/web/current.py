"""The pages over the workspace's files as they are now: a server goes on for months while these change."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from campaigns.engine import Engine
from campaigns.errors import AuthorError
from campaigns.web.app import application

_LOG: Final = logging.getLogger("viesti")

_Seen = frozenset[tuple[Path, int, int]]


@dataclass
class Current:
    """An application that follows settings, catalogue, audiences and offers.

    What is wrong with them is logged, and the pages go on with what they said before. AuthorError when they are wrong
    at the beginning.
    """

    engine: Engine
    _application: ASGIApp = field(init=False)
    _seen: _Seen = field(init=False)

    def __post_init__(self) -> None:
        self._seen = frozenset(self._files())
        self._application = application(self.engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)

    def look(self) -> None:
        """Take up what has changed since the last look."""
        found = frozenset(self._files())
        if found == self._seen:
            return
        self._seen = found
        engine = self.engine.afresh()
        try:
            engine.library.read()
            self._application = application(engine)
        except AuthorError as error:
            _LOG.error("the pages go on with what the files said before: %s", error)

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        workspace = self.engine.workspace
        for file in (workspace.settings, workspace.catalogue, workspace.offers, *workspace.audience_files()):
            with suppress(FileNotFoundError):
                found = file.stat()
                yield file, found.st_mtime_ns, found.st_size
