"""The files of a run: its definition as it was, and the profile fields that its templates name, in claim order."""

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

ROWS_IN_GROUP: Final = 2048


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The folder of one run below `data/runs/`.

    `definition/` is a copy of the campaign, its audiences and templates: editing the workspace changes nothing of a
    run that is planned. `fields.parquet` holds one row a send, by position; it goes when the run closes.
    """

    folder: Path

    @property
    def definition(self) -> Path:
        """The workspace-like folder that the run's campaign and templates are read from."""
        return self.folder / "definition"

    @property
    def fields(self) -> Path:
        """The frozen profile fields, without contact and choices."""
        return self.folder / "fields.parquet"

    def keep(self, paths: Mapping[str, Path]) -> None:
        """Start anew with a copy of files and folders; `paths` gives them by their place in the definition."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for place, path in paths.items():
            target = self.definition / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target)
            else:
                shutil.copyfile(path, target)

    def fresh_fields(self) -> Path:
        """A file for fields that are not those of the run yet; several may plan it, and of one only they are."""
        return self.folder.with_name(f"{self.folder.name}.{token_hex(8)}.parquet")

    def close(self) -> None:
        """Forget what was frozen about members, also by who was killed at it; the definition stays as evidence."""
        self.fields.unlink(missing_ok=True)
        for left in self.folder.parent.glob(f"{self.folder.name}.*.parquet"):
            left.unlink(missing_ok=True)


class FrozenFields:
    """The frozen fields of a run, read by position; sends are claimed nearly in order, so few groups are kept."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        groups = range(self._file.num_row_groups)
        self._starts = [0, *accumulate(self._file.metadata.row_group(group).num_rows for group in groups)]
        self._group = lru_cache(maxsize=4)(self._read)
        self._reading = Lock()  # channels that are sent side by side read the one file

    def row(self, position: int) -> Mapping[str, Any]:
        """The fields of the send at a position, counted from 1; LookupError when the plan has no such send."""
        group = bisect_right(self._starts, position - 1) - 1
        if not 0 <= group < self._file.num_row_groups:
            raise LookupError(f"no fields were frozen for position {position}")
        row: Mapping[str, Any] = self._group(group)[position - 1 - self._starts[group]]
        return row

    def _read(self, group: int) -> list[dict[str, Any]]:
        with self._reading:
            rows: list[dict[str, Any]] = self._file.read_row_group(group).to_pylist()
        return rows

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
