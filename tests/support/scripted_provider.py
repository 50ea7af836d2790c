"""Providers that stand at the end of the wire: they note what they are handed and answer as a test has them answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from campaigns.channels.outcome import Accepted, Outcome
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from tests.support.sample_workspace import SampleWorkspace

Message = OutgoingEmail | OutgoingSms
Answer = Callable[[Message], Outcome | Awaitable[Outcome]]


def accept(message: Message) -> Outcome:
    return Accepted(f"ref-{message.claimed.position}")


@dataclass
class ScriptedProvider:
    """A provider of e-mail and of SMS. `answer` may be slow; `heard` are the members in the order of handing over."""

    answer: Answer = accept
    received: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    in_flight: int = 0
    max_in_flight: int = 0
    is_open: bool = False

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def send(self, message: Message) -> Outcome:
        assert self.is_open
        self.received.append(message.claimed.member_id)
        self.attempts.append(message.claimed.attempt)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            answer: Any = self.answer(message)
            return await answer if asyncio.iscoroutine(answer) else answer
        finally:
            self.in_flight -= 1


def with_scripted_provider(workspace: SampleWorkspace, provider: Any) -> Any:
    """Put one wire in the place of the village's e-mail and SMS; letters and calls go on into the outbox."""
    real = build_providers(ProviderContext(workspace.root, workspace.engine.library.settings))
    vars(workspace.engine)["providers"] = ChannelProviders(
        email=provider, sms=provider, post=real.post, phone=real.phone
    )
    return provider
