"""Registry of operators by keyword. A new operator is a record in a module of this package and a line here."""

from typing import Final

from campaigns.rules.operators.comparison import at_least, at_most, from_, less_than, more_than, to
from campaigns.rules.operators.dates import before, in_next, within
from campaigns.rules.operators.equality import is_, is_not, known, one_of
from campaigns.rules.operators.operator import Operator
from campaigns.rules.operators.text import contains, starts_with

OPERATORS: Final[dict[str, Operator]] = {
    "is": is_,
    "one_of": one_of,
    "is_not": is_not,
    "from": from_,
    "to": to,
    "at_least": at_least,
    "at_most": at_most,
    "more_than": more_than,
    "less_than": less_than,
    "starts_with": starts_with,
    "contains": contains,
    "known": known,
    "in_next": in_next,
    "within": within,
    "before": before,
}
