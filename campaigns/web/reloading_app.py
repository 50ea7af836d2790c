"""The pages over the workspace's files as they are now: a server goes on for months while these change."""

import logging
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from campaigns.core.errors import AuthorError
from campaigns.runs.engine import Engine
from campaigns.web.app import application
from campaigns.workspace.file_watcher import Watch

_LOG: Final = logging.getLogger("viesti")


@dataclass
class Current:
    """An application that follows settings, catalogue, audiences and offers.

    What is wrong with them is logged, and the pages go on with what they said before. AuthorError when they are wrong
    at the beginning.
    """

    engine: Engine
    _application: ASGIApp = field(init=False)
    _watch: Watch = field(init=False)

    def __post_init__(self) -> None:
        self._watch = Watch(self.engine.workspace)
        self._application = application(self.engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)

    def look(self) -> None:
        """Take up what has changed since the last look."""
        if not self._watch.has_changed():
            return
        engine = self.engine.afresh()
        try:
            engine.library.read()
            self._application = application(engine)
        except AuthorError as error:
            _LOG.error("the pages go on with what the files said before: %s", error)
