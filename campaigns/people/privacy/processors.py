"""Who else gets anything of members, and that they are told when a member's right was carried out (GD-14).

Article 19 is about erasure, restriction and correction; an objection concerns nobody but us.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from campaigns.core.clock import local_day
from campaigns.core.model.enums import Channel
from campaigns.core.model.privacy_rights import Answer, RequestKind, due
from campaigns.core.model.settings import Settings
from campaigns.runs.engine import Engine
from campaigns.store.people import audit
from campaigns.store.people import processor_tasks as kept

TOLD_OF: Final = frozenset({RequestKind.ERASE, RequestKind.RESTRICT, RequestKind.CORRECT})
"""The rights that processors are told of."""

_FOLDER: Final = "folder"
_FETCHES: Final[Mapping[Channel, str]] = {Channel.POST: "print_house", Channel.PHONE: "call_centre"}
"""Who fetches from the folder of a channel."""


@dataclass(frozen=True, slots=True)
class MessageThere:
    """A message that a processor has: its run, our name of it, which the processor knows, and its own where it said."""

    run: str
    name: str
    reference: str


@dataclass(frozen=True, slots=True)
class ToTell:
    """One processor to be told; `member_id` is a pseudonym once the member is erased."""

    number: int
    member_id: str
    kind: str
    channel: Channel
    processor: str
    due_on: date
    messages: Sequence[MessageThere]


def provider_of(settings: Settings, channel: Channel) -> str:
    """Who carries a channel now."""
    return str(getattr(settings.channels, channel.value).provider)


def is_somebody_else(channel: Channel, provider: str) -> bool:
    """Whether what a provider is handed leaves us: e-mail and text messages in a folder do not."""
    return provider != _FOLDER or channel in _FETCHES


def name_of(channel: Channel, provider: str) -> str:
    """What a processor is called: by its provider, or as whoever fetches from the folder."""
    return _FETCHES.get(channel, provider) if provider == _FOLDER else provider


def processors(settings: Settings) -> Sequence[Mapping[str, str]]:
    """Who else gets anything of a member's, what, and where that is."""
    email, sms = settings.channels.email, settings.channels.sms
    where_email = str(email.sendgrid.base_url) if email.provider == "sendgrid" else email.smtp.host
    receives = {
        Channel.EMAIL: ("email_address_and_message", where_email),
        Channel.SMS: ("telephone_number_and_message", str(sms.twilio.base_url)),
        Channel.POST: ("name_postal_address_and_letter", "print_house"),
        Channel.PHONE: ("name_telephone_number_and_call_script", "call_centre"),
    }
    return [
        {
            "channel": channel.value,
            "processor": name_of(channel, provider),
            "receives": what,
            "where": where if is_somebody_else(channel, provider) else "here",
        }
        for channel, (what, where) in receives.items()
        for provider in (provider_of(settings, channel),)
    ]


def leave_word(
    engine: Engine,
    connection: Connection,
    member_id: str,
    kind: RequestKind,
    *,
    called: str | None = None,
    also: Collection[Channel] = (),
) -> None:
    """Leave a task for each processor that has anything of the member's, in the transaction that carries the right out.

    `called` is what the member is called from now on; `also` are channels of which the last is on its way.
    """
    if kind not in TOLD_OF:
        return
    settings, now = engine.library.settings, engine.clock.now()
    found = [*kept.handed_to(connection, member_id), *((channel, None) for channel in also)]
    carried = {(channel, provider or provider_of(settings, channel)) for channel, provider in found}
    others = {each for each in carried if is_somebody_else(*each)}
    kept.leave(connection, called or member_id, kind, others, now, due(local_day(now, settings.zone)))


def to_tell(engine: Engine) -> Sequence[ToTell]:
    """Who waits to be told, the most urgent first, each with what it has of the member."""
    with engine.ledger.read() as connection:
        return [
            ToTell(
                number=task.number or 0,
                member_id=task.member_id,
                kind=task.kind,
                channel=Channel(task.channel),
                processor=name_of(Channel(task.channel), task.provider),
                due_on=task.due_on,
                messages=[
                    MessageThere(run_id, engine.signer.delivery_name(number, position), reference or "")
                    for run_id, number, position, reference in kept.messages(connection, task)
                ],
            )
            for task in kept.waiting(connection)
        ]


def answered(engine: Engine, number: int, answer: Answer) -> None:
    """Keep that a processor was told, and what it answered; AuthorError when nobody waits under this number."""
    now = engine.clock.now()
    with engine.ledger.write() as connection:
        task = kept.close(connection, number, answer, engine.actor, now)
        subject = audit.of_member(engine.signer, task.member_id)
        detail = {
            "task": number,
            "kind": task.kind,
            "processor": name_of(Channel(task.channel), task.provider),
            "answer": answer.value,
        }
        audit.note(connection, now, engine.actor, "tell_processor", subject, detail)
