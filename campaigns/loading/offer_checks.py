"""Whether the offers that a campaign asks for can be shown by it at all."""

from collections.abc import Iterable, Iterator
from typing import Final

from campaigns.errors import Problem, nearest
from campaigns.loading.offers_file import forbidden_why
from campaigns.loading.written import Written, error
from campaigns.spec.located import Located
from campaigns.spec.words import Purpose

_NO_MARKETING: Final = (Purpose.SERVICE, Purpose.RIGHTS)
_COLUMNS: Final = ("department", "product_category", "brand")


def service_sells_nothing(written: Written) -> Iterator[Problem]:
    """A service message reaches those who forbade marketing, so it may hold none (A-26)."""
    for _, at in written.offer_choices() if written.file.purpose in _NO_MARKETING else ():
        message = f"a `{written.file.purpose}` campaign shows no offers: members without marketing get it too"
        yield error(at, message, "offers_in_service", "remove `offers`, or say `purpose: marketing`")


def offers_are_of_known_goods(written: Written) -> Iterator[Problem]:
    """A misspelt category would show nothing, and a forbidden one has nothing to show."""
    for choice, at in written.offer_choices():
        for column in _COLUMNS:
            yield from _values(written, getattr(choice, column), column, at)


def _values(written: Written, values: Iterable[str], column: str, choice_at: Located) -> Iterator[Problem]:
    field = written.vocabulary.line_fields.get(column)
    for index, value in enumerate(values):
        at = choice_at.part(column).part(index)
        why = forbidden_why(written.vocabulary.catalogue, column, value)
        if why is not None:
            message = f"`{value}` is {why} in the catalogue and is never offered"
            yield error(at, message, f"{why}_offer", "leave it out")
        elif field is not None and field.values is not None and value not in field.values:
            hint = nearest(value, field.values) or "a value of the product register"
            yield error(at, f"`{column}` has no value `{value}`", "unknown_value", hint)
