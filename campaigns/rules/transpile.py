"""Translation of SQL between dialects with sqlglot. Only this module imports sqlglot, and callers import it lazily."""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp


def transpile(
    sql: str, read: str, write: str, values: Mapping[str, object] | None = None, *, pretty: bool = False
) -> str:
    """Return a statement of the dialect `read` in the dialect `write`, with `values` for its named parameters.

    Raise AssertionError if the translation lost an `IS TRUE`: the result is parsed again to check.
    """
    tree = sqlglot.parse_one(sql, read=read)
    if values is not None:
        tree = tree.transform(_with_value, values)
    truth_tests = _count_truth_tests(tree)
    translated = tree.sql(dialect=write, pretty=pretty, copy=False)
    if truth_tests and _count_truth_tests(sqlglot.parse_one(translated, read=write)) != truth_tests:
        raise AssertionError(f"the translation to {write} lost an IS TRUE")
    return translated


def _with_value(node: exp.Expr, values: Mapping[str, object]) -> exp.Expr:
    return exp.convert(values[node.name]) if isinstance(node, exp.Placeholder) else node


def _count_truth_tests(tree: exp.Expr) -> int:
    return sum(isinstance(test.expression, exp.Boolean) for test in tree.find_all(exp.Is))
