"""Application that reloads workspace files: a server runs for months while they change."""

import logging
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from campaigns.core.errors import UserError
from campaigns.runs.engine import Engine
from campaigns.web.app import application
from campaigns.workspace.file_watcher import FileWatcher
from campaigns.workspace.workspace_check import shared_file_faults

_LOG: Final = logging.getLogger("viesti")


@dataclass
class ReloadingApp:
    """Application that follows settings, catalogue, audiences and offers.

    Invalid settings or an invalid catalogue are logged, and the pages keep the last valid version; other faults are
    logged and stop only what uses their files. Raises UserError when the files are invalid at the start.
    """

    engine: Engine
    _application: ASGIApp = field(init=False)
    _watch: FileWatcher = field(init=False)

    def __post_init__(self) -> None:
        self._watch = FileWatcher(self.engine.context.workspace)
        self._application = application(self.engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)

    def reload_if_changed(self) -> None:
        """Reload the workspace files if they changed since the last call."""
        if not self._watch.has_changed():
            return
        engine = self.engine.with_files_reloaded()
        try:
            engine.context.repository.load_all()
            self._application = application(engine)
        except UserError as error:
            _LOG.error("workspace files are invalid, pages keep the last valid version: %s", error)
            return
        for problem in shared_file_faults(engine.context.repository):
            _LOG.error("a file has a fault, and whatever uses it stops: %s", problem)
