"""The options of processes that go on for months: what they log, and where their figures are read."""

from enum import StrEnum
from typing import Annotated

import typer

from campaigns.core.logging_setup import LogFormat


class Level(StrEnum):
    """From where up something is logged."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


Metrics = Annotated[
    str | None,
    typer.Option("--metrics", metavar="HOST:PORT", help="Where Prometheus reads /metrics; without it, nowhere."),
]
Form = Annotated[LogFormat, typer.Option("--log-format", help="Lines for people, or JSON objects for programs.")]
FromLevel = Annotated[Level, typer.Option("--log-level", help="What to log, from this level up.")]
