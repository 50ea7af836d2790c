"""`--as-of`: a date or a local time that exists, or a time with its own offset."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
import typer

from campaigns.cli.open_workspace import parse_as_of

CONTEXT: Final[Any] = SimpleNamespace(settings=SimpleNamespace(zone=ZoneInfo("Europe/Helsinki")))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-29", datetime(2026, 3, 28, 22, tzinfo=UTC)),
        ("2026-03-29T02:59", datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        ("2026-03-29T04:00", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("2026-03-29T03:30+02:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-10-25T03:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_as_of_is_read_in_the_time_zone_of_the_workspace(text: str, instant: datetime) -> None:
    assert parse_as_of(text, CONTEXT).astimezone(UTC) == instant


@pytest.mark.parametrize("text", ["2026-03-29T03:00", "2026-03-29T03:59:59"])
def test_as_of_refuses_an_hour_that_the_clocks_go_forward_over(text: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        parse_as_of(text, CONTEXT)
    shown = f"{text[:10]} {text[11:16]} does not exist in Europe/Helsinki: the clocks go forward over it"
    assert str(refused.value) == f"{shown}; try 04:{text[14:16]}"
