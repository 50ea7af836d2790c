"""Cache of template checks, kept between commands: most templates do not change in between."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as validated_dataclass

import campaigns.rendering
from campaigns.core.errors import Problem
from campaigns.core.private_files import make_private_folder, write_private


@validated_dataclass(frozen=True)
class _Entry:
    key: str
    problems: list[Problem]


_ENTRY: Final = TypeAdapter(_Entry)


@dataclass(frozen=True)
class CheckCache:
    """Cache of problems: one file per template and purpose in `folder`, which may be deleted at any time.

    An entry is valid only while everything it depends on is the same, including `inputs` and the rendering code.
    """

    folder: Path
    inputs: bytes

    def get_or_check(self, name: str, digest: str, check: Callable[[], list[Problem]]) -> list[Problem]:
        """Return the cached problems of a template with this digest; run `check` when there are none."""
        key = sha256(self._base_hash + f"{name}\0{digest}".encode()).hexdigest()
        file = self.folder / f"{name}.json"
        with suppress(OSError, ValidationError):
            entry = _ENTRY.validate_json(file.read_bytes())
            if entry.key == key:
                return entry.problems
        problems = check()
        self._write(file, _Entry(key, problems))
        return problems

    def _write(self, file: Path, entry: _Entry) -> None:
        """Replace the file atomically; a folder that cannot be written makes the next check slower, not wrong."""
        with suppress(OSError):
            make_private_folder(self.folder)
            write_private(file, _ENTRY.dump_json(entry))

    @cached_property
    def _base_hash(self) -> bytes:
        return sha256(self.inputs + "\0".join(_code_state()).encode()).digest()


def _code_state() -> Iterator[str]:
    """Yield every module, and every file of texts, that takes part in a check, with its size and time of change."""
    folder = Path(campaigns.rendering.__path__[0])
    for file in sorted([*folder.rglob("*.py"), *folder.rglob("*.yaml")]):
        state = file.stat()
        yield f"{file.name} {state.st_size} {state.st_mtime_ns}"
