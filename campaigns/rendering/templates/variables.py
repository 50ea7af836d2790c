"""Variables that a template uses, from its syntax tree; aliases by `set`, `for` and `with` are resolved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from campaigns.core.errors import FilePosition

LIST_ITEM: Final = "*"
_LOOP: Final = "loop of"
_LOOP_ITEMS: Final = frozenset({"previtem", "nextitem"})

_Path = tuple[str, ...]
_Scope = dict[str, _Path | None]  # None: a name bound in the template to a computed value
_Use = tuple[_Path, int]


@dataclass(frozen=True, slots=True)
class VariableUse:
    """One use of a value: its path from the context, with `*` for a list item, and its position."""

    path: _Path
    position: FilePosition

    @property
    def name(self) -> str:
        """Return the value that the context needs: `member.first_name`, or the list `offers` for its items."""
        steps = self.path[: self.path.index(LIST_ITEM)] if LIST_ITEM in self.path else self.path
        return ".".join(steps)


def variable_uses(tree: nodes.Template, place: Callable[[int], FilePosition]) -> Iterator[VariableUse]:
    """Yield every use of a value in the order of the text; binding a value to an alias is not a use."""
    for path, line in _walk_all(tree.body, {}):
        yield VariableUse(path, place(line))


def _walk(node: nodes.Node, scope: _Scope) -> Iterator[_Use]:
    match node:
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            yield from _reference(node, scope)
        case nodes.Assign():
            yield from _bind_value(node.target, node.node, scope, scope)
        case nodes.With():
            inner = dict(scope)
            for target, value in zip(node.targets, node.values, strict=True):
                yield from _bind_value(target, value, scope, inner)
            yield from _walk_all(node.body, inner)
        case nodes.For():
            yield from _loop(node, scope)
        case nodes.AssignBlock():
            yield from _walk_all(node.body, scope)
            _bind_computed(node.target, scope)
        case _:
            yield from _walk_all(node.iter_child_nodes(), scope)


def _walk_all(children: object, scope: _Scope) -> Iterator[_Use]:
    for child in children:  # type: ignore[attr-defined]  # jinja2 types its children loosely
        yield from _walk(child, scope)


def _loop(node: nodes.For, scope: _Scope) -> Iterator[_Use]:
    path = _path(node.iter, scope)
    inner: _Scope = {**scope, "loop": None if path is None else (*path, _LOOP)}
    if path is None:
        yield from _walk(node.iter, scope)
        _bind_computed(node.target, inner)
    else:
        yield path, node.lineno
        _bind_path(node.target, (*path, LIST_ITEM), inner)
    yield from _walk_all(node.body, inner)
    if node.test is not None:
        yield from _walk(node.test, inner)
    yield from _walk_all(node.else_, scope)


def _bind_value(target: nodes.Node, value: nodes.Node, scope: _Scope, inner: _Scope) -> Iterator[_Use]:
    path = _path(value, scope)
    if path is None or not isinstance(target, nodes.Name):
        yield from _walk(value, scope)
        _bind_computed(target, inner)
    else:
        _bind_path(target, path, inner)


def _bind_path(target: nodes.Node, path: _Path, scope: _Scope) -> None:
    if isinstance(target, nodes.Name):
        scope[target.name] = path
    else:
        _bind_computed(target, scope)


def _bind_computed(target: nodes.Node, scope: _Scope) -> None:
    names = [target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name)
    scope.update(dict.fromkeys(name.name for name in names))


def _reference(node: nodes.Expr, scope: _Scope) -> Iterator[_Use]:
    path = _path(node, scope)
    if isinstance(node, nodes.Getattr) and node.attr in _LOOP_ITEMS:
        return  # asks whether there is another item
    if path is not None and path[-1] != _LOOP:
        yield path, node.lineno
    elif not isinstance(node, nodes.Name):
        yield from _walk_all(node.iter_child_nodes(), scope)


def _path(node: nodes.Node, scope: _Scope) -> _Path | None:
    """Return the path of a plain reference, or None for any other expression."""
    match node:
        case nodes.Name():
            return scope.get(node.name, (node.name,))
        case nodes.Getattr():
            return _child_path(_path(node.node, scope), node.attr)
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            return _child_path(_path(node.node, scope), key)
        case nodes.Getitem(arg=nodes.Const(value=int())):
            return _child_path(_path(node.node, scope), LIST_ITEM)
        case nodes.Filter(name="first" | "last") if node.node is not None:
            return _child_path(_path(node.node, scope), LIST_ITEM)
        case _:
            return None


def _child_path(path: _Path | None, step: str) -> _Path | None:
    if path is not None and path[-1] == _LOOP:
        return (*path[:-1], LIST_ITEM) if step in _LOOP_ITEMS else None
    return None if path is None else (*path, step)
