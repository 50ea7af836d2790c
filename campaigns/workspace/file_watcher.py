"""File watcher for servers: they run for months while the workspace's files change."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.workspace.brand_file import logo_paths
from campaigns.workspace.paths import Workspace
from campaigns.workspace.value_labels import label_files

_FileStates = frozenset[tuple[Path, int, int]]


@dataclass
class FileWatcher:
    """Watcher of settings, brand with its logo, catalogue, labels, offers and audiences, by time of change and size."""

    workspace: Workspace
    _states: _FileStates = field(init=False)

    def __post_init__(self) -> None:
        self._states = frozenset(self._read_states())

    def has_changed(self) -> bool:
        """Return whether a file has changed since the last call, or since construction."""
        before, self._states = self._states, frozenset(self._read_states())
        return self._states != before

    def _read_states(self) -> Iterator[tuple[Path, int, int]]:
        workspace = self.workspace
        own_files = (
            workspace.settings,
            workspace.brand,
            *logo_paths(workspace.brand),
            workspace.catalogue,
            *label_files(workspace.labels),
            workspace.reviewed_categories,
            workspace.offers,
        )
        for file in (*own_files, *workspace.audience_files()):
            with suppress(OSError, ValueError):
                state = file.stat()
                yield file, state.st_mtime_ns, state.st_size
