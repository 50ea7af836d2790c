"""Durations as written in files: `3 hours`, `90 days`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from campaigns.core.corrections import correct_duration
from campaigns.core.model.localised_text import TextPattern

DURATION_PATTERN = TextPattern(
    r"(\d{1,5}) (minute|hour|day|week)s?",
    "a span of time is written like `90 minutes`, `3 hours`, `28 days` or `2 weeks`",
    "3 hours",
    correct_duration,
)
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}


def parse_duration(text: object) -> timedelta:
    """Return the duration of a text such as `3 hours`; raise FormatError (a ValueError) for other text."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(DURATION_PATTERN.pattern, text.strip()) if isinstance(text, str) else None
    if match is None:
        raise DURATION_PATTERN.error(text)
    return int(match[1]) * _UNITS[match[2]]


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration, json_schema_input_type=Annotated[str, DURATION_PATTERN])
]
