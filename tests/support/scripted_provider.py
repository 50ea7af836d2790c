"""Provider that records its messages and answers as a test scripts it."""

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
    """Provider of e-mail and SMS. `answer` may be a coroutine; `received` holds member ids in the order of sending."""

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
    """Replace the workspace's e-mail and SMS providers by one; letters and calls still go into the outbox."""
    folder_providers = build_providers(ProviderContext(workspace.root, workspace.engine.context.repository.settings))
    workspace.use(
        providers=ChannelProviders(
            email=provider, sms=provider, post=folder_providers.post, phone=folder_providers.phone
        )
    )
    return provider
