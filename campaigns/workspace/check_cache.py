"""What a check found in a template, kept from one command to the next: most templates were not touched in between."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

import campaigns.rendering
from campaigns.core.errors import Problem


@checked(frozen=True)
class _Kept:
    key: str
    problems: list[Problem]


_FORM: Final = TypeAdapter(_Kept)


@dataclass(frozen=True)
class KeptFindings:
    """One file a template and purpose in `folder`, which may be deleted at any time.

    What was found counts only while everything it was found from is the same: `given` and our own code among it.
    """

    folder: Path
    given: bytes

    def of(self, name: str, digest: str, find: Callable[[], list[Problem]]) -> list[Problem]:
        """What was found in a template of this digest, or is found now."""
        key = sha256(self._ground + f"{name}\0{digest}".encode()).hexdigest()
        file = self.folder / f"{name}.json"
        with suppress(OSError, ValidationError):
            kept = _FORM.validate_json(file.read_bytes())
            if kept.key == key:
                return kept.problems
        problems = find()
        self._keep(file, _Kept(key, problems))
        return problems

    def _keep(self, file: Path, kept: _Kept) -> None:
        """Replace the file whole; a folder that cannot be written makes the next check slower, not wrong."""
        beside = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(_FORM.dump_json(kept))
            beside.replace(file)

    @cached_property
    def _ground(self) -> bytes:
        return sha256(self.given + "\0".join(_code()).encode()).digest()


def _code() -> Iterator[str]:
    """Every module that takes part in a finding, with its size and when it was changed."""
    for file in sorted(Path(campaigns.rendering.__path__[0]).rglob("*.py")):
        state = file.stat()
        yield f"{file.name} {state.st_size} {state.st_mtime_ns}"
