"""Text of a template with signs in place of its values: what it could print, before anybody's values are known.

Every value that differs by member becomes a sign, our own links another, and what conditions choose stands between
signs. Constants stay as they are written.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from jinja2 import nodes

from campaigns.rendering.templates.variables import LIST_ITEM

VALUE, OWN_LINK, CHOICE, JOINT, START, END = "\ue000\ue001\ue002\ue003\ue004\ue005"
MEMBER, TITLE, OFFER, PAGE = "\ue006\ue007\ue008\ue009"
SIGNS: Final = re.compile("[\ue000-\ue009]")
_HOUSE: Final = frozenset({"brand", "campaign", "organisation", "sender", "today"})
_HOUSE_LINKS: Final = frozenset({("organisation", "privacy_notice"), ("brand", "logo"), ("brand", "logo_dark")})
_LOOP_ITEMS: Final = frozenset({"previtem", "nextitem"})
# free texts, the same for everybody
_TITLES: Final = frozenset({("campaign", "title"), ("campaign", "reason"), ("sender", "partner")})
_PAGES: Final = frozenset({("store", "url"), ("offers", LIST_ITEM, "url")})
_OWN_LINKS: Final = frozenset(
    {("offers", LIST_ITEM, "image"), ("offers", LIST_ITEM, "coupon", "image"), ("note", "link")}
)
_PARTS_OF_ADDRESSES: Final = frozenset(":/.?&=@#%\\")

_Path = tuple[str, ...]


class _MadeText(NamedTuple):
    """Text of a value that the template makes itself, and the constants that it may contain."""

    pattern: str
    constants: frozenset[str] = frozenset()


_Value = _Path | _MadeText  # a path from the context, or a text
_Scope = dict[str, _Value]


def render_signs(tree: nodes.Template) -> list[tuple[str, int]]:
    """Return the pieces of a template's text in their order, with signs for values, and the line of each."""
    return list(_render(tree.body, {}))


def _render(body: Iterable[nodes.Node], scope: _Scope) -> Iterator[tuple[str, int]]:
    for node in body:
        match node:
            case nodes.Output():
                yield from ((_shown(part, scope), part.lineno) for part in node.nodes)
            case nodes.If():
                yield from _branches(node, scope)
            case nodes.For():
                yield from _loop(node, scope)
            case nodes.Assign():
                _bind(node.target, _value(node.node, scope), scope)
            case nodes.With() | nodes.Scope():
                yield from _inner_scope(node, scope)
            case _:
                raise TypeError(f"{type(node).__name__} is not a statement of the sandbox")


def _branches(node: nodes.If, scope: _Scope) -> Iterator[tuple[str, int]]:
    scopes: list[_Scope] = []
    for body in (node.body, *(branch.body for branch in node.elif_), node.else_):
        yield CHOICE, node.lineno
        scopes.append(dict(scope))
        yield from _render(body, scopes[-1])
    yield CHOICE, node.lineno
    for name in {name for inner in scopes for name in inner if inner[name] != scope.get(name)}:
        scope[name] = _computed(text for inner in scopes if name in inner for text in _constants_of(inner[name]))


def _loop(node: nodes.For, scope: _Scope) -> Iterator[tuple[str, int]]:
    values = _value(node.iter, scope)
    for _ in range(2):  # the end of one turn stands before the beginning of the next
        yield CHOICE, node.lineno
        inner: _Scope = {**scope, "loop": ("loop", *(() if isinstance(values, _MadeText) else values))}
        _bind(node.target, values if isinstance(values, _MadeText) else (*values, LIST_ITEM), inner)
        yield from _render(node.body, inner)
    yield CHOICE, node.lineno
    yield from _render(node.else_, dict(scope))


def _inner_scope(node: nodes.With | nodes.Scope, scope: _Scope) -> Iterator[tuple[str, int]]:
    inner = dict(scope)
    if isinstance(node, nodes.With):
        for target, value in zip(node.targets, node.values, strict=True):
            _bind(target, _value(value, scope), inner)
    yield from _render(node.body, inner)


def _bind(target: nodes.Node, value: _Value, scope: _Scope) -> None:
    if isinstance(target, nodes.Name):
        scope[target.name] = value
    else:
        scope.update({name.name: _computed(_constants_of(value)) for name in target.find_all(nodes.Name)})


def _value(node: nodes.Node, scope: _Scope) -> _Value:
    """Return the path of a plain reference, or the text of any other value."""
    match node:
        case nodes.Const(value=str() | int() as constant):
            return _MadeText(_plain(str(constant)), frozenset({_plain(str(constant))}))
        case nodes.Name():
            return scope.get(node.name, (node.name,))
        case nodes.Getattr():
            return _child(node.node, node.attr, scope)
        case nodes.Getitem(arg=nodes.Const(value=key)):
            return _child(node.node, key if isinstance(key, str) else LIST_ITEM, scope)
        case nodes.Filter(name="first" | "last") if node.node is not None:
            return _child(node.node, LIST_ITEM, scope)
        case _:
            is_cut = node.find(nodes.Slice) is not None
            return _computed(_constants(node, scope), is_cut=is_cut, origins=_origins(node, scope))


def _origins(node: nodes.Node, scope: _Scope) -> str:
    """Return the signs of what a value is made of: a free text of the campaign or of an offer, or a member."""
    values = (scope.get(name.name, (name.name,)) for name in node.find_all(nodes.Name))
    signs = "".join(value.pattern if isinstance(value, _MadeText) else _origin(value) for value in values)
    return "".join(sign for sign in (TITLE, OFFER, MEMBER) if sign in signs)


def _origin(path: _Path) -> str:
    if path[0] in _HOUSE:
        return "" if path[0] in ("brand", "organisation", "today") else TITLE
    return OFFER if path[0] in ("offers", "loop") else MEMBER


def _child(node: nodes.Node, step: str, scope: _Scope) -> _Value:
    value = _value(node, scope)
    if isinstance(value, _MadeText):
        return _computed(value.constants, is_cut=True)
    if value[0] == "loop":  # followed by the path of what it goes through
        return (*value[1:], LIST_ITEM) if step in _LOOP_ITEMS and len(value) > 1 else ("loop",)
    return (*value, step)


def _constants(node: nodes.Node, scope: _Scope) -> Iterator[str]:
    """Yield the constants that a computed value can print: not those that it compares with."""
    match node:
        case nodes.Compare() | nodes.Test():
            return
        case nodes.Const(value=str() as text):
            yield _plain(text)
        case nodes.Name():
            yield from _constants_of(scope.get(node.name, ()))
        case _:
            for child in node.iter_child_nodes():
                yield from _constants(child, scope)


def _constants_of(value: _Value) -> frozenset[str]:
    return value.constants if isinstance(value, _MadeText) else frozenset()


def _computed(constants: Iterable[str], *, is_cut: bool = False, origins: str = MEMBER) -> _MadeText:
    """Return the text of a value that is computed: signs, and the constants that it may become.

    A part of a constant could be any part of an address, so it is a joint as well.
    """
    texts = frozenset(constants)
    is_joint = (is_cut and any(texts)) or any(_PARTS_OF_ADDRESSES & set(text) for text in texts)
    signs = VALUE.join(("", *sorted(texts), ""))
    return _MadeText(f"{START}{JOINT if is_joint else ''}{origins}{signs or VALUE}{END}", texts)


def _shown(node: nodes.Node, scope: _Scope) -> str:
    """Return what stands for a printed value, or the template's own text."""
    if isinstance(node, nodes.TemplateData):
        return _plain(node.data)
    value = _value(node, scope)
    if isinstance(value, _MadeText):
        return value.pattern
    if value in _TITLES:
        return TITLE
    if value[0] in _HOUSE:
        return "https://house.example/" if value in _HOUSE_LINKS else "h"
    if value in _PAGES:
        return OWN_LINK + PAGE
    if value in _OWN_LINKS or value[:1] == ("links",):
        return OWN_LINK
    return VALUE if value[0] == "loop" else VALUE + _origin(value)


def _plain(text: str) -> str:
    return SIGNS.sub("", text)
