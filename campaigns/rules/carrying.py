"""One statement in the words of another engine, by sqlglot. The one place of it, and read in where it is needed."""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp


def carry(sql: str, read: str, write: str, values: Mapping[str, object] | None = None, *, pretty: bool = False) -> str:
    """A statement of the dialect `read` in the dialect `write`, with `values` in the places that are named for them.

    It is read back to see that no `IS TRUE` was lost on the way; AssertionError when one was.
    """
    tree = sqlglot.parse_one(sql, read=read)
    if values is not None:
        tree = tree.transform(_value, values)
    asked = _truths(tree)
    carried = tree.sql(dialect=write, pretty=pretty, copy=False)
    if asked and _truths(sqlglot.parse_one(carried, read=write)) != asked:
        raise AssertionError(f"an IS TRUE was lost on the way to {write}")
    return carried


def _value(node: exp.Expr, values: Mapping[str, object]) -> exp.Expr:
    return exp.convert(values[node.name]) if isinstance(node, exp.Placeholder) else node


def _truths(tree: exp.Expr) -> int:
    return sum(isinstance(test.expression, exp.Boolean) for test in tree.find_all(exp.Is))
