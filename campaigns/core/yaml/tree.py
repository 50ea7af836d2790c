"""Tree of a YAML file, built node by node; YAML features that campaign files do not allow are refused here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.yaml.located import NodePath
from campaigns.core.yaml.scalar import YamlScalar

MAX_DEPTH: Final = 50
MAX_ALIASED_NODES: Final = 1_000

_HALF_CHARACTER: Final = re.compile(r"[\ud800-\udfff]")
_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Position = tuple[int, int]


@dataclass(slots=True)
class YamlNode:
    """Value with its position; `size` counts its nodes, with aliases expanded, and `height` their levels."""

    position: Position
    value: "YamlScalar | list[YamlNode] | dict[str, tuple[Position, YamlNode]]"
    size: int = 1
    height: int = 1

    def children(self) -> "Iterator[tuple[str | int, Position, YamlNode]]":
        """Yield the parts of a mapping or list: step, position of the key (of the item in a list), node."""
        if isinstance(self.value, dict):
            for key, (position, node) in self.value.items():
                yield key, position, node
        elif isinstance(self.value, list):
            for index, node in enumerate(self.value):
                yield index, node.position, node

    def plain_value(self, path: NodePath, keys: dict[NodePath, Position], values: dict[NodePath, Position]) -> object:
        """Return the value without its positions; add these to `keys` and `values` by path."""
        values[path] = self.position
        parts: dict[str | int, object] = {}
        for step, position, node in self.children():
            keys[*path, step] = position
            parts[step] = node.plain_value((*path, step), keys, values)
        if isinstance(self.value, list):
            return list(parts.values())
        return parts if isinstance(self.value, dict) else self.value


@dataclass(slots=True)
class _OpenCollection:
    """Mapping or list that has not ended; `key` waits for its value and is None after a refused key."""

    node: YamlNode
    anchor: str | None
    key: tuple[str, Position] | None = None
    awaits_value: bool = False


@dataclass(slots=True)
class TreeBuilder:
    """Builder that takes the nodes in the file's order.

    Problems are collected in `problems`. Too many aliases or levels raise UserError at once.
    """

    file: str
    problems: list[Problem] = field(default_factory=list)
    root: YamlNode | None = None
    _open: list[_OpenCollection] = field(default_factory=list)
    _anchors: dict[str, YamlNode] = field(default_factory=dict)
    _aliased: int = 0

    def add_problem(self, position: Position, message: str, code: str, hint: str) -> None:
        """Add a problem and go on."""
        self.problems.append(Problem(FilePosition(self.file, *position), message, code, hint))

    def open(self, node: YamlNode, anchor: str | None) -> None:
        """Begin a mapping or list."""
        self._limit_depth(node.position, 1)
        self._open.append(_OpenCollection(node, anchor))

    def close(self) -> None:
        """End the innermost mapping or list."""
        ended = self._open.pop()
        children = [node for _, _, node in ended.node.children()]
        ended.node.size = 1 + sum(node.size for node in children)
        ended.node.height = 1 + max((node.height for node in children), default=0)
        self.add(ended.node, ended.anchor)

    def add(self, node: YamlNode, anchor: str | None = None) -> None:
        """Add a finished node as key, value, item or root."""
        if anchor is not None:
            self._anchors[anchor] = node
        self._refuse(node, _HALF_CHARACTER, "a text")
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif parent.awaits_value:
            self._add_entry(parent, node)
        else:
            parent.key, parent.awaits_value = self._key(node), True

    def add_alias(self, position: Position, name: str) -> None:
        """Repeat the node of an anchor; the total size of the copies in a file is limited."""
        target = self._anchors.get(name)
        if target is None:
            hint = f"define it before with `&{name}`, or put quotes round a text that begins with `*`"
            self.add_problem(position, f"the alias `*{name}` has no anchor", "unknown_alias", hint)
            self.add(YamlNode(position, None))
            return
        self._aliased += target.size
        if self._aliased > MAX_ALIASED_NODES:
            self._stop(position, "the aliases of this file repeat too much", "alias_bomb", "write the values out")
        self._limit_depth(position, target.height)
        self.add(target)

    def _add_entry(self, parent: _OpenCollection, node: YamlNode) -> None:
        if parent.key is not None and isinstance(parent.node.value, dict):
            key, position = parent.key
            parent.node.value[key] = (position, node)
        parent.key, parent.awaits_value = None, False

    def _refuse_key(self, node: YamlNode, known: object) -> None:
        """Add a problem for a key that is no text; after a number in braces it is the rest of a decimal."""
        entries = list(known.values()) if isinstance(known, dict) else []
        before = entries[-1][1].value if entries else None
        if isinstance(before, int) and isinstance(node.value, int) and not isinstance(before, bool):
            message, hint = "a comma parts two keys here", f"a decimal has a point: `{before}.{node.value}`"
            self.add_problem(node.position, message, "key_type", hint)
        else:
            self.add_problem(node.position, "a key is a text", "key_type", 'put quotes round it, as in `"2018": ...`')

    def _key(self, node: YamlNode) -> tuple[str, Position] | None:
        """Return the node as a key, or None when it cannot be one; its value is then dropped."""
        known = self._open[-1].node.value
        if not isinstance(node.value, str):
            self._refuse_key(node, known)
            return None
        self._refuse(node, _CONTROL_CHARACTER, "a key")
        if isinstance(known, dict) and node.value in known:
            first = known[node.value][0][0]
            hint = f"keep one of the two; the other stands on line {first}"
            self.add_problem(node.position, f"`{node.value}` is given twice", "duplicate_key", hint)
            return None
        return node.value, node.position

    def _refuse(self, node: YamlNode, characters: re.Pattern[str], part: str) -> None:
        """Add a problem when a text has such a character, written as an escape: the file itself cannot hold it."""
        match = characters.search(node.value) if isinstance(node.value, str) else None
        if match is not None:
            message = f"the character U+{ord(match[0]):04X} may not stand in {part}"
            self.add_problem(node.position, message, "control_character", "remove its escape")

    def _limit_depth(self, position: Position, levels: int) -> None:
        if len(self._open) + levels > MAX_DEPTH:
            hint = "split the rule into named audiences"
            self._stop(position, f"nested over {MAX_DEPTH} levels deep", "too_deep", hint)

    def _stop(self, position: Position, message: str, code: str, hint: str) -> None:
        self.add_problem(position, message, code, hint)
        raise UserError(self.problems)
