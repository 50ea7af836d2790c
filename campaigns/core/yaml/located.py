"""A value read from a file that still knows where each part of it stood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from campaigns.core.errors import Place

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """A node of a file: plain `value` (dict, list or scalar) and the positions of every node below the file's root.

    `keys` gives where the key of a mapping's entry stands, `values` where a value starts; both by the path from
    the root, as (line, column) counted from 1.
    """

    file: str
    value: object
    keys: Mapping[Path, tuple[int, int]]
    values: Mapping[Path, tuple[int, int]]
    path: Path = ()

    def part(self, step: str | int) -> "Located":
        """The entry of a mapping or the item of a list; KeyError or IndexError when it is not there."""
        value = self.value[step]  # type: ignore[index]  # the caller has seen that it is a mapping or a list
        return Located(self.file, value, self.keys, self.values, (*self.path, step))

    def entries(self) -> Iterator[tuple[str, "Located"]]:
        """The entries of a mapping, in the file's order; none for anything else."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield key, self.part(key)

    def items(self) -> Iterator["Located"]:
        """The items of a list; none for anything else."""
        if isinstance(self.value, list):
            for index in range(len(self.value)):
                yield self.part(index)

    @property
    def place(self) -> Place:
        """Where the value starts."""
        return self._place(self.values)

    @property
    def key_place(self) -> Place:
        """Where the value's key stands; for a list's item, where the item starts."""
        return self._place(self.keys) if self.path in self.keys else self.place

    def _place(self, positions: Mapping[Path, tuple[int, int]]) -> Place:
        line, column = positions.get(self.path, (1, 1))
        return Place(self.file, line, column)
