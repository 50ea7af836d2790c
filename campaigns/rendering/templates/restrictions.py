"""Restrictions on Jinja syntax: only constructs whose cost is bounded by the length of the source."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from campaigns.core.errors import closest_match

_STATEMENTS: Final = (nodes.Output, nodes.If, nodes.For, nodes.Assign, nodes.With, nodes.Scope)
_REFUSED: Final[Mapping[str, str]] = {  # reasons by class of syntax node
    "Include": "an e-mail includes parts with <mj-include path=…/>, other channels have one file",
    "AssignBlock": "`set` takes a value, not a block",
    "Call": "a template calls nothing: what changes a value is a filter, as in `{{ today|date }}`",
    "Concat": "texts are joined by writing them side by side, not with `~`",
    "Dict": "a template makes no mappings",
    "ScopedEvalContextModifier": "`autoescape` is not allowed in templates: values of members are always escaped",
}
_HINT: Final = "write it with `if`, `for`, `set`, `with` and filters: docs/templates.md"


@dataclass(frozen=True, slots=True)
class SyntaxViolation:
    """Violation of the restrictions, with the line of the source."""

    line: int
    message: str
    code: str = "template_syntax"
    hint: str = ""


def find_violations(
    tree: nodes.Template, filters: Collection[str], tests: Collection[str]
) -> Iterator[SyntaxViolation]:
    """Yield every violation, in the order of the tree."""
    for node in tree.find_all(nodes.Node):
        match node:
            case nodes.Filter():
                yield from _unknown("filter", node.name, filters, node.lineno)
            case nodes.Test():
                yield from _unknown("test", node.name, tests, node.lineno)
            case nodes.For() if node.recursive or node.find(nodes.For) is not None:
                yield SyntaxViolation(node.lineno, "a loop inside a loop is refused", hint="write the inner part out")
            case _:
                message = _refusal(node)
                if message:
                    yield SyntaxViolation(
                        node.lineno or 1, message, hint=_HINT
                    )  # jinja2 loses the line of `autoescape`


def _unknown(kind: str, name: str, known: Collection[str], line: int) -> Iterator[SyntaxViolation]:
    if name not in known:
        hint = closest_match(name, known) or f"one of {', '.join(sorted(known))}"
        yield SyntaxViolation(line, f"there is no {kind} `{name}`", f"unknown_{kind}", hint)


def _refusal(node: nodes.Node) -> str:
    kind = type(node).__name__
    if kind in _REFUSED:
        return _REFUSED[kind]
    if isinstance(node, nodes.Stmt) and not isinstance(node, _STATEMENTS):
        return f"`{kind.lower()}` is not allowed in templates"
    if isinstance(node, nodes.List) or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
        plain = all(isinstance(item, nodes.Const) for item in node.items)
        return "" if plain else "a list in a template holds plain values only"
    if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const | nodes.Slice):
        return "what a template reads is written out, as in `member.first_name`"
    return ""
