"""Translation of SQL between dialects with sqlglot. Only this module imports sqlglot, and callers import it lazily."""

from collections.abc import Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp


@lru_cache(maxsize=128)
def transpile(sql: str, read: str, write: str) -> str:
    """Return a statement of the dialect `read` in the dialect `write`; results are cached.

    Raise AssertionError if the translation lost an `IS TRUE`: the result is parsed again to check.
    """
    return _write(sqlglot.parse_one(sql, read=read), write)


def transpile_for_reading(sql: str, read: str, write: str, values: Mapping[str, object]) -> str:
    """Return a statement like `transpile`, on several lines and with `values` in place of its named parameters."""
    return _write(sqlglot.parse_one(sql, read=read).transform(_with_value, values), write, pretty=True)


def _write(tree: exp.Expr, dialect: str, *, pretty: bool = False) -> str:
    truth_tests = _count_truth_tests(tree)
    translated = tree.sql(dialect=dialect, pretty=pretty, copy=False)
    if truth_tests and _count_truth_tests(sqlglot.parse_one(translated, read=dialect)) != truth_tests:
        raise AssertionError(f"the translation to {dialect} lost an IS TRUE")
    return translated


def _with_value(node: exp.Expr, values: Mapping[str, object]) -> exp.Expr:
    return exp.convert(values[node.name]) if isinstance(node, exp.Placeholder) else node


def _count_truth_tests(tree: exp.Expr) -> int:
    return sum(isinstance(test.expression, exp.Boolean) for test in tree.find_all(exp.Is))
