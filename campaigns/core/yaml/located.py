"""Value read from a file, with the position of each of its parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from campaigns.core.errors import FilePosition

NodePath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """Node of a file: a plain `value` (dict, list or scalar), and the positions of all nodes of the file.

    `keys` has the positions of the keys of mappings, `values` those of values. Both are by path from the root, as
    (line, column) counted from 1.
    """

    file: str
    value: object
    keys: Mapping[NodePath, tuple[int, int]]
    values: Mapping[NodePath, tuple[int, int]]
    path: NodePath = ()

    def part(self, step: str | int) -> "Located":
        """Return an entry of a mapping or an item of a list; raise KeyError or IndexError when it is missing."""
        value = self.value[step]  # type: ignore[index]  # the caller has checked that it is a mapping or a list
        return Located(self.file, value, self.keys, self.values, (*self.path, step))

    def entries(self) -> Iterator[tuple[str, "Located"]]:
        """Yield the entries of a mapping, in the file's order; nothing for other values."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield key, self.part(key)

    def items(self) -> Iterator["Located"]:
        """Yield the items of a list; nothing for other values."""
        if isinstance(self.value, list):
            for index in range(len(self.value)):
                yield self.part(index)

    @property
    def place(self) -> FilePosition:
        """Place where the value starts."""
        return self._place(self.values)

    @property
    def key_place(self) -> FilePosition:
        """Place of the value's key; for an item of a list, the place where it starts."""
        return self._place(self.keys) if self.path in self.keys else self.place

    def _place(self, positions: Mapping[NodePath, tuple[int, int]]) -> FilePosition:
        line, column = positions.get(self.path, (1, 1))
        return FilePosition(self.file, line, column)
