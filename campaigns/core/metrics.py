"""What a process counts of itself, and the door at which Prometheus reads it. The one place of prometheus_client.

Counters and times are the process's own: Prometheus adds up those of many. Nothing here has a label that could name a
member.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from campaigns.core.errors import AuthorError

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_OWN: Final = CollectorRegistry()
_MESSAGES: Final = Counter(
    "viesti_messages", "Messages by what the provider answered.", ("channel", "provider", "outcome"), registry=_OWN
)
_ANSWERS: Final = Histogram(
    "viesti_provider_seconds", "How long providers take.", ("channel", "provider"), registry=_OWN, buckets=_SECONDS
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number at this moment, with its labels."""

    name: str
    meaning: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


Read = Callable[[], Iterable[Figure]]


def answering(channel: str, provider: str) -> AbstractContextManager[object]:
    """Measures how long a provider takes to answer."""
    return _answers(channel, provider).time()


def answered(channel: str, provider: str, outcome: str, number: int = 1) -> None:
    """Count what a provider answered."""
    _messages(channel, provider, outcome).inc(number)


@lru_cache(maxsize=64)  # to look one up takes longer than to count
def _answers(channel: str, provider: str) -> Histogram:
    return _ANSWERS.labels(channel, provider)


@lru_cache(maxsize=256)
def _messages(channel: str, provider: str, outcome: str) -> Counter:
    return _MESSAGES.labels(channel, provider, outcome)


@dataclass(frozen=True)
class _AtScrape(Collector):
    """Reads figures when somebody asks for them."""

    read: Read

    def collect(self) -> Iterator[Metric]:
        by_name = sorted(self.read(), key=lambda figure: figure.name)
        for name, figures in groupby(by_name, key=lambda figure: figure.name):
            same = list(figures)
            family = GaugeMetricFamily(name, same[0].meaning, labels=list(same[0].labels))
            for figure in same:
                family.add_metric(list(figure.labels.values()), figure.value)
            yield family


@contextmanager
def exposed(read: Read, address: str | None) -> Iterator[None]:
    """Answer at `http://ADDRESS/metrics` meanwhile; nobody, where there is no address. AuthorError when it is taken.

    A door of its own: what stands at the public address is no business of the public.
    """
    if address is None:
        yield
        return
    hint = "an address of this machine and a free port: `127.0.0.1:9464`"
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise AuthorError.about(address, "an address ends with a colon and its port", "no_port", hint)
    asked = CollectorRegistry()
    for each in (_OWN, _AtScrape(read)):
        asked.register(each)
    ProcessCollector(registry=asked)
    try:
        server, thread = start_http_server(int(port), host or "127.0.0.1", asked)
    except (OSError, ValueError, OverflowError) as error:
        raise AuthorError.about(address, f"nobody can read figures here: {error}", "no_port", hint) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
