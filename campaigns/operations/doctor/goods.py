"""Check of the protection of sensitive goods."""

from collections.abc import Iterator

from campaigns.core.errors import Severity, UserError
from campaigns.operations.doctor.finding import Finding, fail, ok, warn
from campaigns.workspace.context import Context

_CHECK = "goods"


def check_goods(context: Context) -> Iterator[Finding]:
    """Check that every sensitive class of goods is named in the product register's words."""
    try:
        protection = context.repository.goods_protection
        problems = protection.problems
    except (UserError, OSError, ValueError, KeyError) as error:
        problem = error.problems[0] if isinstance(error, UserError) else None
        message = problem.message if problem else f"the product register cannot be read ({type(error).__name__})"
        yield fail(_CHECK, message, (problem and problem.hint) or "restore `data/warehouse`, or import products again")
        return
    for problem in problems:
        level = fail if problem.severity is Severity.ERROR else warn
        yield level(_CHECK, problem.message, problem.hint)
    if not problems and protection.kinds.rows:
        yield ok(_CHECK, f"every sensitive class is named in the words of {protection.kinds.product_count} products")
    elif not problems:
        yield ok(_CHECK, "no products were imported, so there is nothing to protect")
