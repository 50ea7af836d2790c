"""Options of long-running processes: logging and metrics."""

from enum import StrEnum
from typing import Annotated

import typer

from campaigns.core.logging_setup import LogFormat


class LogLevel(StrEnum):
    """Lowest level that is logged."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


MetricsOption = Annotated[
    str | None,
    typer.Option("--metrics", metavar="HOST:PORT", help="Address where Prometheus reads /metrics; default: none."),
]
LogFormatOption = Annotated[
    LogFormat, typer.Option("--log-format", help="Log lines for people, or JSON objects for programs.")
]
LogLevelOption = Annotated[LogLevel, typer.Option("--log-level", help="Lowest level to log.")]
