"""Form fields of a request by name, in either form encoding; text only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

from campaigns.core.errors import UserError

_MAX_FIELDS: Final = 200
_MAX_PART_SIZE: Final = 4096
_UNSTORABLE: Final = re.compile(r"[\0\ud800-\udfff]")
"""NUL and lone surrogates: PostgreSQL cannot store them and no page can show them."""

_YEARS: Final = range(1900, 2200)  # outside them, datetime arithmetic overflows


@dataclass(frozen=True, slots=True)
class FormFields:
    """Fields of a posted form. A missing field is empty."""

    fields: Mapping[str, Sequence[str]]

    def value(self, name: str) -> str:
        """Return the only value of a field; empty when it has none or more than one."""
        values = self.fields.get(name, ())
        return values[0] if len(values) == 1 else ""

    def values(self, name: str) -> Sequence[str]:
        """Return all values of a field."""
        return self.fields.get(name, ())


async def _form_fields(request: Request) -> FormFields:
    """Return the form of a request; HTTP 400 when the body is not a valid form."""
    fields: dict[str, list[str]] = {}
    try:
        async with request.form(max_files=0, max_fields=_MAX_FIELDS, max_part_size=_MAX_PART_SIZE) as form:
            for name, value in form.multi_items():
                if not isinstance(value, str) or _UNSTORABLE.search(value):
                    raise HTTPException(400)
                fields.setdefault(name, []).append(value)
    except ValueError as error:  # such as a charset that decodes nothing, or that Python cannot look up
        raise HTTPException(400) from error
    return FormFields(fields)


def parse_day(text: str, name: str) -> date:
    """Return the day that a field `name` holds; raise UserError at the field when it holds none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise UserError.about(name, "this is not a day", "no_day", "such as 2018-01-31")
    return day


def parse_number(text: str, max_digits: int = 9) -> int | None:
    """Return the whole number of a text of digits; None for any other text, or for too many digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= max_digits else None


FormBody = Annotated[FormFields, Depends(_form_fields)]
