"""Percentages as written in files: `5 percent`."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator

from campaigns.core.corrections import correct_percentage
from campaigns.core.model.localised_text import TextPattern

PERCENTAGE_PATTERN = TextPattern(
    r"(\d{1,3}(?:\.\d{1,3})?) ?(?:percent|%)",
    "a share is written like `5 percent`, from 0 to 100",
    "5 percent",
    correct_percentage,
)


def parse_percentage(text: object) -> Decimal:
    """Return the share, 0 to 1, of a text such as `5 percent`; raise FormatError (a ValueError) for other text."""
    if isinstance(text, Decimal) and 0 <= text <= 1:
        return text
    match = re.fullmatch(PERCENTAGE_PATTERN.pattern, text.strip()) if isinstance(text, str) else None
    if match is None or Decimal(match[1]) > 100:
        raise PERCENTAGE_PATTERN.error(text)
    return Decimal(match[1]) / 100


Percentage = Annotated[
    Decimal, BeforeValidator(parse_percentage, json_schema_input_type=Annotated[str, PERCENTAGE_PATTERN])
]
