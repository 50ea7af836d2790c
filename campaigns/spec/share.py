"""Shares as people write them: `5 percent`."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

_WRITTEN = re.compile(r"(\d{1,3}(?:\.\d{1,3})?) ?(?:percent|%)")


def share(text: object) -> Decimal:
    """The share, 0 to 1, of a text such as `5 percent`; ValueError when it is not one."""
    if isinstance(text, Decimal):
        return text
    found = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None or Decimal(found[1]) > 100:
        raise ValueError("a share is written like `5 percent`, from 0 to 100")
    return Decimal(found[1]) / 100


Share = Annotated[Decimal, BeforeValidator(share, json_schema_input_type=str)]
