"""Provider doubles of a rehearsal, in a thread of their own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, TypeVar

from campaigns.demo.rehearsal.doubles.faults import FaultPlan, Mailboxes, ProviderFault
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble

FAULTS: Final = {
    ProviderFault.THROTTLE: 0.05,
    ProviderFault.REFUSE: 0.01,
    ProviderFault.FAIL: 0.01,
    ProviderFault.FAIL_AFTER: 0.02,
    ProviderFault.DROP: 0.01,
    ProviderFault.DROP_AFTER: 0.02,
}
"""Faults, each with its share of the messages."""

_T = TypeVar("_T")


def _fault_plan(seed: int) -> FaultPlan:
    return FaultPlan(p50=0.02, p99=0.2, shares=dict(FAULTS), rng=Random(seed), retry_after=1)  # noqa: S311 - no secret


@dataclass
class ProviderDoubles:
    """Doubles of SendGrid and Twilio that misbehave: slow, throttling, refusing, failing before or after acceptance."""

    sendgrid: SendGridDouble = field(default_factory=lambda: SendGridDouble(_fault_plan(1)))
    twilio: TwilioDouble = field(default_factory=lambda: TwilioDouble(_fault_plan(2)))
    run: Callable[[Coroutine[Any, Any, Any]], Any] = field(init=False)

    @property
    def secrets(self) -> dict[str, str]:
        """Return the environment variables with the doubles' credentials and webhook keys."""
        return {
            "SENDGRID_API_KEY": self.sendgrid.api_key,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": self.sendgrid.public_key,
            "TWILIO_ACCOUNT_SID": self.twilio.account,
            "TWILIO_AUTH_TOKEN": self.twilio.token,
        }

    @property
    def mailboxes(self) -> tuple[Mailboxes, ...]:
        """Return the mailboxes of e-mail and SMS."""
        return self.sendgrid.mailboxes, self.twilio.mailboxes

    def post_events(self, sendgrid_webhook: str) -> int:
        """Send the events of every message twice and out of order; return the number of answers other than 2xx."""
        statuses: list[int] = self.run(self.sendgrid.post_events(sendgrid_webhook, times=2))
        statuses += self.run(self.twilio.post_statuses(times=2))
        return sum(status >= 300 for status in statuses)


@contextmanager
def running_doubles() -> Iterator[ProviderDoubles]:
    """Run the doubles, listening, until the block ends."""
    loop, doubles = asyncio.new_event_loop(), ProviderDoubles()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    doubles.run = run
    try:
        servers = AsyncExitStack()
        for double in (doubles.sendgrid, doubles.twilio):
            run(servers.enter_async_context(double))
        yield doubles
        run(servers.aclose())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
