"""Providers that stand at the end of the wire: they note what they are handed and answer as a test has them answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from campaigns.channels.outcome import Accepted, Outcome
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from tests.support.sample_workspace import Village

Message = OutgoingEmail | OutgoingSms
Answer = Callable[[Message], Outcome | Awaitable[Outcome]]


def accept(message: Message) -> Outcome:
    return Accepted(f"ref-{message.claimed.position}")


@dataclass
class Wire:
    """A provider of e-mail and of SMS. `answer` may be slow; `heard` are the members in the order of handing over."""

    answer: Answer = accept
    heard: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    is_open: bool = False

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def send(self, message: Message) -> Outcome:
        assert self.is_open
        self.heard.append(message.claimed.member_id)
        self.attempts.append(message.claimed.attempt)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer: Any = self.answer(message)
            return await answer if asyncio.iscoroutine(answer) else answer
        finally:
            self.at_once -= 1


def wired(village: Village, wire: Any) -> Any:
    """Put one wire in the place of the village's e-mail and SMS; letters and calls go on into the outbox."""
    real = build_providers(ProviderContext(village.root, village.engine.library.settings))
    vars(village.engine)["providers"] = ChannelProviders(email=wire, sms=wire, post=real.post, phone=real.phone)
    return wire
