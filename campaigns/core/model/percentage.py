"""Shares as people write them: `5 percent`."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from campaigns.core.model.localised_text import FormError, Written

SHARE_FORM = Written(
    r"(\d{1,3}(?:\.\d{1,3})?) ?(?:percent|%)", "a share is written like `5 percent`, from 0 to 100", "5 percent"
)


def share(text: object) -> Decimal:
    """The share, 0 to 1, of a text such as `5 percent`; FormError (a ValueError) when it is not one."""
    if isinstance(text, Decimal) and 0 <= text <= 1:
        return text
    found = re.fullmatch(SHARE_FORM.pattern, text.strip()) if isinstance(text, str) else None
    if found is None or Decimal(found[1]) > 100:
        raise FormError(SHARE_FORM.rule, f"`{SHARE_FORM.example}`")
    return Decimal(found[1]) / 100


Share = Annotated[Decimal, BeforeValidator(share, json_schema_input_type=Annotated[str, SHARE_FORM])]
