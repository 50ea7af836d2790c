"""Prometheus metrics of a process and their endpoint. The only module that imports prometheus_client.

Counters and timers belong to the process; Prometheus adds them up over processes. No label may identify a member.
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

from campaigns.core.errors import UserError

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_REGISTRY: Final = CollectorRegistry()
_MESSAGES: Final = Counter(
    "viesti_messages", "Messages by what the provider answered.", ("channel", "provider", "outcome"), registry=_REGISTRY
)
_RESPONSE_TIMES: Final = Histogram(
    "viesti_provider_seconds", "How long providers take.", ("channel", "provider"), registry=_REGISTRY, buckets=_BUCKETS
)
_UNREADABLE_EVENTS: Final = Counter(
    "viesti_unreadable_events", "Entries of signed webhooks that are no events.", ("provider",), registry=_REGISTRY
)


@dataclass(frozen=True, slots=True)
class GaugeValue:
    """Value of a gauge at this moment, with its labels."""

    name: str
    description: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


GaugeReader = Callable[[], Iterable[GaugeValue]]


def time_response(channel: str, provider: str) -> AbstractContextManager[object]:
    """Return a timer of the response time of a provider."""
    return _response_time(channel, provider).time()


def count_responses(channel: str, provider: str, outcome: str, number: int = 1) -> None:
    """Count responses of a provider."""
    _message_counter(channel, provider, outcome).inc(number)


def count_unreadable_events(provider: str, number: int) -> None:
    """Count entries of a provider's signed webhooks that are no events."""
    _UNREADABLE_EVENTS.labels(provider).inc(number)


@lru_cache(maxsize=64)  # a look-up takes longer than the count
def _response_time(channel: str, provider: str) -> Histogram:
    return _RESPONSE_TIMES.labels(channel, provider)


@lru_cache(maxsize=256)
def _message_counter(channel: str, provider: str, outcome: str) -> Counter:
    return _MESSAGES.labels(channel, provider, outcome)


@dataclass(frozen=True)
class _GaugeCollector(Collector):
    """Collector that reads gauges at scrape time."""

    read: GaugeReader

    def collect(self) -> Iterator[Metric]:
        by_name = sorted(self.read(), key=lambda gauge: gauge.name)
        for name, gauges in groupby(by_name, key=lambda gauge: gauge.name):
            family_gauges = list(gauges)
            family = GaugeMetricFamily(name, family_gauges[0].description, labels=list(family_gauges[0].labels))
            for gauge in family_gauges:
                family.add_metric(list(gauge.labels.values()), gauge.value)
            yield family


@contextmanager
def serve_metrics(read: GaugeReader, address: str | None) -> Iterator[None]:
    """Serve `http://ADDRESS/metrics` meanwhile; do nothing without an address. Raise UserError when it is in use.

    The endpoint has its own port: metrics do not belong at the public address.
    """
    if address is None:
        yield
        return
    hint = "an address of this machine and a free port: `127.0.0.1:9464`"
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise UserError.about(address, "an address ends with a colon and its port", "no_port", hint)
    registry = CollectorRegistry()
    for collector in (_REGISTRY, _GaugeCollector(read)):
        registry.register(collector)
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(int(port), host or "127.0.0.1", registry)
    except (OSError, ValueError, OverflowError) as error:
        raise UserError.about(address, f"metrics cannot be served here: {error}", "no_port", hint) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
