"""URLs that would tell another site something about a member: found by rendering a template with signs for values.

Every value that differs by member becomes a sign, our own links another, and what conditions choose stands between
signs. A sign inside an address is refused, when the template is compiled, so that no message can be written with it.
Constants stay as they are written; the sandbox joins no texts and cuts none in pieces, so that they hide no address.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Final, NamedTuple

from jinja2 import nodes

from campaigns.rendering.templates.variables import LIST_ITEM

_VALUE, _OWN_LINK, _CHOICE, _JOINT, _START, _END = "\ue000\ue001\ue002\ue003\ue004\ue005"
_MEMBER, _TITLE, _OFFER, _STORE = "\ue006\ue007\ue008\ue009"
_SIGNS: Final = re.compile("[\ue000-\ue009]")
_HOUSE: Final = frozenset({"brand", "campaign", "organisation", "sender", "today"})
_HOUSE_LINKS: Final = frozenset({("organisation", "privacy_notice"), ("brand", "logo"), ("brand", "logo_dark")})
_LOOP_ITEMS: Final = frozenset({"previtem", "nextitem"})
# free texts, the same for everybody
_TITLES: Final = frozenset({("campaign", "title"), ("campaign", "reason"), ("sender", "partner")})
_STORE_LINK: Final = ("store", "url")
_OWN_LINKS: Final = frozenset({("offers", LIST_ITEM, "image"), ("note", "link")})

_HOST: Final = r"[\w-]+\.(?:xn--[\w-]+|[^\W\d_]{2,})|\b\d{1,3}(?:\.\d{1,3}){3}"
_BEGUN: Final = rf"://|\bwww\.|\b(?:mailto|tel|sms|javascript|data|ftp|geo):|(?:{_HOST})[/?#:&=]"
_ADDRESS: Final = re.compile(rf"{_BEGUN}|(?:{_HOST})$", re.IGNORECASE)  # or the name of a host
_ADDRESS_WITHOUT_SCHEME: Final = re.compile(r"(?:^|['(=])//")
_ADDRESS_OF_CHOICE: Final = re.compile(_BEGUN, re.IGNORECASE)  # a sentence may end before a condition, without a space
_PARTS_OF_ADDRESSES: Final = frozenset(":/.?&=@#%\\")
_URL_ATTRIBUTE: Final = re.compile(
    r"""\b(?:href|src|srcset|background(?:-url)?|action|formaction|poster|cite|data|longdesc|ping|xlink:href)\s*=\s*"""
    r"""("[^"]*"|'[^']*'|[^\s>]+)""",
    re.IGNORECASE,
)
_CSS_ADDRESS: Final = re.compile(r"""\burl\(\s*((?:"[^"]*"|'[^']*'|[^)])*)\)""", re.IGNORECASE)
_STYLE: Final = re.compile(
    r"""\bstyle\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)|<style\b[^>]*>(.*?)</style""", re.IGNORECASE | re.DOTALL
)
_INLINE_TAG: Final = re.compile(
    r"</?(?:abbr|b|big|code|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr)\b[^<>]*>"
    r"|<!--\[if[^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:#\w+|\w+);?")
_NOTHING: Final = "\u2060"  # keeps the positions behind something that a reader does not see
_WORD: Final = re.compile(r"""[^\s"<>]+""")  # mailboxes and phones take any other sign into an address
_FULL_STOPS: Final = str.maketrans("\u3002\uff61", "..")  # a host may have them for its dots
_COMPUTED: Final = re.compile(f"{_START}[^{_END}]*{_END}")

_Path = tuple[str, ...]


class _MadeText(NamedTuple):
    """Text of a value that the template makes itself, and the constants that it may contain."""

    pattern: str
    constants: frozenset[str] = frozenset()


_Value = _Path | _MadeText  # a path from the context, or a text
_Scope = dict[str, _Value]


def personal_url_lines(tree: nodes.Template, *, is_markup: bool) -> Iterator[int]:
    """Yield the line of each value of a member that a template prints inside an address, once."""
    pieces = list(_render(tree.body, {}))
    text = "".join(piece for piece, _ in pieces)
    seen: set[int] = set()
    for start, end in _personal_spans(text, is_markup=is_markup):
        line = _line_of_sign(pieces, start, end)
        if line not in seen:
            seen.add(line)
            yield line


def _personal_spans(text: str, *, is_markup: bool) -> Iterator[tuple[int, int]]:
    if is_markup:
        for pattern in (_URL_ATTRIBUTE, _CSS_ADDRESS):
            yield from (
                match.span(1)
                for match in pattern.finditer(text)
                if _is_personal_link(match[1].strip("\"' ")) or (_STORE in match[1] and not _is_followed(match[0]))
            )
        yield from (match.span() for match in _STYLE.finditer(text) if _hides_an_address(match[1] or match[2] or ""))
        text = _INLINE_TAG.sub(lambda tag: _NOTHING * len(tag[0]), text)  # joins what it parts, and keeps positions
        text = _ENTITY.sub(lambda entity: unescape(entity[0]).ljust(len(entity[0]), _NOTHING), text)
    for match in _WORD.finditer(text):
        if _SIGNS.search(match[0]) and _is_personal_word(_visible(match[0])):
            yield match.span()


def _hides_an_address(style: str) -> bool:
    """Return whether a style has a sign and a backslash, with which CSS writes `url` and `//` in other letters.

    The address of a store has no place in any: a mailbox would load it.
    """
    return _STORE in style or ("\\" in style and (_VALUE in style or _JOINT in style))


def _visible(word: str) -> str:
    """Return a word in plain letters, without those that nobody sees and a channel may leave out."""
    plain = unicodedata.normalize("NFKC", word).translate(_FULL_STOPS)
    return "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cc", "Cf"))


def _is_followed(attribute: str) -> bool:
    """Return whether an attribute with an address is one that a reader follows, not one that a mailbox loads."""
    return attribute[:4].casefold() == "href"


def _is_personal_link(link: str) -> bool:
    """Return whether the value of a link attribute has a sign; an own link may have a constant end."""
    if _VALUE in link or _JOINT in link:
        return True
    rest = re.sub(f"[{_CHOICE}{_OWN_LINK}{_STORE}]", "", link)
    if not rest.strip():
        return False
    return _CHOICE in link or _STORE in link or _OWN_LINK in link[1:]


def _is_personal_word(word: str) -> bool:
    """Return whether a word of a text is an address with a sign in it.

    The free texts of a campaign and of offers could be any part of an address.
    """
    if sum(sign in word for sign in (_TITLE, _OFFER, _MEMBER)) > 1:
        return True
    if _JOINT in word and _COMPUTED.sub("", word).strip(".,;:!?"):
        return True
    if not re.sub(f"[{_CHOICE}{_OWN_LINK}{_STORE}]", "", word):
        return False
    before, own_link, after = word.partition(_OWN_LINK)
    if own_link:
        is_begun = _TITLE in before or _OFFER in before or _begins_address(before, _ADDRESS)
        return is_begun or _VALUE in after or _OWN_LINK in after
    pattern = _ADDRESS if _VALUE in word else _ADDRESS_OF_CHOICE
    return (_VALUE in word or _CHOICE in word) and _begins_address(word, pattern)


def _begins_address(word: str, pattern: re.Pattern[str]) -> bool:
    """Return whether the constants of a word are an address; a slash before and after a value are not `//`."""
    if _ADDRESS_WITHOUT_SCHEME.search(re.sub(f"[{_CHOICE}{_JOINT}{_START}{_END}]", "", word)):
        return True
    return pattern.search(_SIGNS.sub("", word)) is not None


def _line_of_sign(pieces: list[tuple[str, int]], start: int, end: int) -> int:
    """Return the line of the first sign between two positions of the text."""
    position = 0
    for piece, line in pieces:
        if position + len(piece) > start and position < end and _SIGNS.search(piece):
            return line
        position += len(piece)
    return 0


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
        yield _CHOICE, node.lineno
        scopes.append(dict(scope))
        yield from _render(body, scopes[-1])
    yield _CHOICE, node.lineno
    for name in {name for inner in scopes for name in inner if inner[name] != scope.get(name)}:
        scope[name] = _computed(text for inner in scopes if name in inner for text in _constants_of(inner[name]))


def _loop(node: nodes.For, scope: _Scope) -> Iterator[tuple[str, int]]:
    values = _value(node.iter, scope)
    for _ in range(2):  # the end of one turn stands before the beginning of the next
        yield _CHOICE, node.lineno
        inner: _Scope = {**scope, "loop": ("loop", *(() if isinstance(values, _MadeText) else values))}
        _bind(node.target, values if isinstance(values, _MadeText) else (*values, LIST_ITEM), inner)
        yield from _render(node.body, inner)
    yield _CHOICE, node.lineno
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
    return "".join(sign for sign in (_TITLE, _OFFER, _MEMBER) if sign in signs)


def _origin(path: _Path) -> str:
    if path[0] in _HOUSE:
        return "" if path[0] in ("brand", "organisation", "today") else _TITLE
    return _OFFER if path[0] in ("offers", "loop") else _MEMBER


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


def _computed(constants: Iterable[str], *, is_cut: bool = False, origins: str = _MEMBER) -> _MadeText:
    """Return the text of a value that is computed: signs, and the constants that it may become.

    A part of a constant could be any part of an address, so it is a joint as well.
    """
    texts = frozenset(constants)
    is_joint = (is_cut and any(texts)) or any(_PARTS_OF_ADDRESSES & set(text) for text in texts)
    signs = _VALUE.join(("", *sorted(texts), ""))
    return _MadeText(f"{_START}{_JOINT if is_joint else ''}{origins}{signs or _VALUE}{_END}", texts)


def _shown(node: nodes.Node, scope: _Scope) -> str:
    """Return what stands for a printed value, or the template's own text."""
    if isinstance(node, nodes.TemplateData):
        return _plain(node.data)
    value = _value(node, scope)
    if isinstance(value, _MadeText):
        return value.pattern
    if value in _TITLES:
        return _TITLE
    if value[0] in _HOUSE:
        return "https://house.example/" if value in _HOUSE_LINKS else "h"
    if value == _STORE_LINK:
        return _OWN_LINK + _STORE
    if value in _OWN_LINKS or value[:1] == ("links",):
        return _OWN_LINK
    return _VALUE if value[0] == "loop" else _VALUE + _origin(value)


def _plain(text: str) -> str:
    return _SIGNS.sub("", text)
