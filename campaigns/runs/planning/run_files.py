"""Files of a run: its definition at planning time, and the profile fields of its templates in claim order."""

import shutil
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any, Final

import pyarrow.parquet as pq

from campaigns.core.private_files import copy_private

ROW_GROUP_SIZE: Final = 2048


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Folder of one run below `data/runs/`.

    `definition/` is a copy of the campaign, its audiences and templates: editing the workspace does not change a
    planned run. `fields.parquet` holds one row per send, by position; it is deleted when the run closes.
    """

    folder: Path

    @property
    def definition(self) -> Path:
        """Folder, laid out like a workspace, with the run's campaign and templates."""
        return self.folder / "definition"

    @property
    def fields(self) -> Path:
        """File of the frozen profile fields, without contact and choices."""
        return self.folder / "fields.parquet"

    def copy_definition(self, paths: Mapping[str, Path]) -> None:
        """Replace the folder by a copy of files and folders; `paths` has them by their place in the definition."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for place, path in paths.items():
            copy_private(path, self.definition / place)

    def new_fields_file(self) -> Path:
        """Return a unique path for new fields: several processes may plan the run, and only one's become the run's."""
        return self.folder.with_name(f"{self.folder.name}.{token_hex(8)}.parquet")

    def delete_fields(self) -> None:
        """Delete the fields frozen about members, also those of killed processes; the definition stays as evidence."""
        self.fields.unlink(missing_ok=True)
        for file in self.folder.parent.glob(f"{self.folder.name}.*.parquet"):
            file.unlink(missing_ok=True)


class FrozenFields:
    """Frozen fields of a run, read by position; sends are claimed nearly in order, so few groups are cached."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        groups = range(self._file.num_row_groups)
        self._starts = [0, *accumulate(self._file.metadata.row_group(group).num_rows for group in groups)]
        self._group = lru_cache(maxsize=4)(self._read)
        self._lock = Lock()  # channels that are sent in parallel read the same file

    def row(self, position: int) -> Mapping[str, Any]:
        """Return the fields of the send at a position, counted from 1; raise LookupError when there is none."""
        group = bisect_right(self._starts, position - 1) - 1
        if not 0 <= group < self._file.num_row_groups:
            raise LookupError(f"no fields were frozen for position {position}")
        row: Mapping[str, Any] = self._group(group)[position - 1 - self._starts[group]]
        return row

    def _read(self, group: int) -> list[dict[str, Any]]:
        with self._lock:
            rows: list[dict[str, Any]] = self._file.read_row_group(group).to_pylist()
        return rows

    def close(self) -> None:
        """Close the file."""
        self._file.close()
