"""Which names a template reads, seen in its syntax tree: aliases by `set`, `for` and `with` are followed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from campaigns.core.errors import FilePosition

ITEM: Final = "*"

Path = tuple[str, ...]
Scope = dict[str, Path | None]  # None: a name of the template's own, whose parts are not ours to know


Use = tuple[Path, int]


@dataclass(frozen=True, slots=True)
class Read:
    """One use of a value: its path from the context, `*` for an item of a list, and where it stands."""

    path: Path
    place: FilePosition

    @property
    def name(self) -> str:
        """The value that has to be at hand: `member.first_name`; for a list's items the list, `offers`."""
        steps = self.path[: self.path.index(ITEM)] if ITEM in self.path else self.path
        return ".".join(steps)


def reads(tree: nodes.Template, place: Callable[[int], FilePosition]) -> Iterator[Read]:
    """Every use of a value, in the order of the text; whole values that are only given an alias are not uses."""
    for path, line in _all(tree.body, {}):
        yield Read(path, place(line))


def _walk(node: nodes.Node, scope: Scope) -> Iterator[Use]:
    match node:
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            yield from _value(node, scope)
        case nodes.Assign():
            yield from _bind(node.target, node.node, scope, scope)
        case nodes.With():
            inner = dict(scope)
            for target, value in zip(node.targets, node.values, strict=True):
                yield from _bind(target, value, scope, inner)
            yield from _all(node.body, inner)
        case nodes.For():
            yield from _loop(node, scope)
        case nodes.AssignBlock():
            yield from _all(node.body, scope)
            _hide(node.target, scope)
        case _:
            yield from _all(node.iter_child_nodes(), scope)


def _all(children: object, scope: Scope) -> Iterator[Use]:
    for child in children:  # type: ignore[attr-defined]  # jinja2 types its children loosely
        yield from _walk(child, scope)


def _loop(node: nodes.For, scope: Scope) -> Iterator[Use]:
    inner: Scope = {**scope, "loop": None}
    path = _path(node.iter, scope)
    if path is None:
        yield from _walk(node.iter, scope)
        _hide(node.target, inner)
    else:
        yield path, node.lineno
        _name(node.target, (*path, ITEM), inner)
    yield from _all(node.body, inner)
    if node.test is not None:
        yield from _walk(node.test, inner)
    yield from _all(node.else_, scope)


def _bind(target: nodes.Node, value: nodes.Node, scope: Scope, inner: Scope) -> Iterator[Use]:
    path = _path(value, scope)
    if path is None or not isinstance(target, nodes.Name):
        yield from _walk(value, scope)
        _hide(target, inner)
    else:
        _name(target, path, inner)


def _name(target: nodes.Node, path: Path, scope: Scope) -> None:
    if isinstance(target, nodes.Name):
        scope[target.name] = path
    else:
        _hide(target, scope)


def _hide(target: nodes.Node, scope: Scope) -> None:
    names = [target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name)
    scope.update(dict.fromkeys(name.name for name in names))


def _value(node: nodes.Expr, scope: Scope) -> Iterator[Use]:
    path = _path(node, scope)
    if path is not None:
        yield path, node.lineno
    elif not isinstance(node, nodes.Name):
        yield from _all(node.iter_child_nodes(), scope)


def _path(node: nodes.Node, scope: Scope) -> Path | None:
    """The path of a plain reference, or None for anything that is more than one."""
    match node:
        case nodes.Name():
            return scope.get(node.name, (node.name,))
        case nodes.Getattr():
            return _below(_path(node.node, scope), node.attr)
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            return _below(_path(node.node, scope), key)
        case nodes.Getitem(arg=nodes.Const(value=int())):
            return _below(_path(node.node, scope), ITEM)
        case nodes.Filter(name="first" | "last") if node.node is not None:
            return _below(_path(node.node, scope), ITEM)
        case _:
            return None


def _below(path: Path | None, step: str) -> Path | None:
    return None if path is None else (*path, step)
