"""What a form sent: fields by name, in either of a form's encodings; nothing that is not text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request

_FIELDS: Final = 200
_PART: Final = 4096
_UNKEPT: Final = re.compile(r"[\0\ud800-\udfff]")
"""What no text has that PostgreSQL could keep, or a page show: NUL, and the halves that some encodings write."""


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form. A field that is not there is empty."""

    fields: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """The only value of a field; empty when there is none or more than one."""
        values = self.fields.get(name, ())
        return values[0] if len(values) == 1 else ""

    def every(self, name: str) -> Sequence[str]:
        """All values of a field."""
        return self.fields.get(name, ())


async def _posted(request: Request) -> Posted:
    """The form of a request; HTTP 400 for what is none."""
    fields: dict[str, list[str]] = {}
    try:
        async with request.form(max_files=0, max_fields=_FIELDS, max_part_size=_PART) as form:
            for name, value in form.multi_items():
                if not isinstance(value, str) or _UNKEPT.search(value):
                    raise HTTPException(400)
                fields.setdefault(name, []).append(value)
    except UnicodeDecodeError as error:
        raise HTTPException(400) from error
    return Posted(fields)


Form = Annotated[Posted, Depends(_posted)]
