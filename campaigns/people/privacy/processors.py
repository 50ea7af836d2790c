"""Processors that receive members' data, and tasks to notify them of exercised rights (GD-14).

GDPR article 19 covers erasure, restriction and correction; an objection concerns only us.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection

from campaigns.core.clock import local_day
from campaigns.core.model.enums import Channel
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind, due_date
from campaigns.core.model.settings import Settings
from campaigns.store.people import audit, processor_tasks
from campaigns.workspace.context import Context

NOTIFIED_RIGHTS: Final = frozenset({RequestKind.ERASE, RequestKind.RESTRICT, RequestKind.CORRECT})
"""Rights that processors are notified of."""

_FOLDER: Final = "folder"
_FETCHED_BY: Final[Mapping[Channel, str]] = {Channel.POST: "print_house", Channel.PHONE: "call_centre"}
"""Companies that fetch files from the folder of a channel."""


@dataclass(frozen=True, slots=True)
class ProcessorMessage:
    """Message that a processor holds: run, our name of it (known to the processor), and the processor's reference."""

    run: str
    name: str
    reference: str


@dataclass(frozen=True, slots=True)
class OpenProcessorTask:
    """Open task to notify one processor; `member_id` is a pseudonym once the member is erased."""

    number: int
    member_id: str
    kind: str
    channel: Channel
    processor: str
    due_on: date
    messages: Sequence[ProcessorMessage]


def _current_provider(settings: Settings, channel: Channel) -> str:
    """Return the provider that a channel uses now."""
    return str(getattr(settings.channels, channel.value).provider)


def _is_processor(channel: Channel, provider: str) -> bool:
    """Return whether data leaves us with a provider; e-mail and text messages in a folder do not."""
    return provider != _FOLDER or channel in _FETCHED_BY


def _processor_name(channel: Channel, provider: str) -> str:
    """Return the name of a processor: its provider, or the company that fetches from the folder."""
    return _FETCHED_BY.get(channel, provider) if provider == _FOLDER else provider


def processors(settings: Settings) -> Sequence[Mapping[str, str]]:
    """Return the processors that receive members' data, which data, and where."""
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
            "processor": _processor_name(channel, provider),
            "receives": data,
            "where": where if _is_processor(channel, provider) else "here",
        }
        for channel, (data, where) in receives.items()
        for provider in (_current_provider(settings, channel),)
    ]


def create_processor_tasks(
    context: Context,
    connection: Connection,
    member_id: str,
    kind: RequestKind,
    *,
    pseudonym: str | None = None,
    extra_channels: Collection[Channel] = (),
) -> None:
    """Create a task per processor that holds data of the member, in the transaction that carries out the right.

    `pseudonym` replaces the member id; `extra_channels` have one last message under way.
    """
    if kind not in NOTIFIED_RIGHTS:
        return
    settings, now = context.repository.settings, context.clock.now()
    handed_over = [
        *processor_tasks.find_recipients(connection, member_id),
        *((channel, None) for channel in extra_channels),
    ]
    pairs = {(channel, provider or _current_provider(settings, channel)) for channel, provider in handed_over}
    processors_to_notify = {pair for pair in pairs if _is_processor(*pair)}
    processor_tasks.create(
        connection, pseudonym or member_id, kind, processors_to_notify, now, due_date(local_day(now, settings.zone))
    )


def open_tasks(context: Context) -> Sequence[OpenProcessorTask]:
    """Return the open tasks, most urgent first, each with the messages that the processor holds."""
    with context.ledger.read() as connection:
        return [
            OpenProcessorTask(
                number=task.number or 0,
                member_id=task.member_id,
                kind=task.kind,
                channel=Channel(task.channel),
                processor=_processor_name(Channel(task.channel), task.provider),
                due_on=task.due_on,
                messages=[
                    ProcessorMessage(run_id, context.signer.delivery_reference(number, position), reference or "")
                    for run_id, number, position, reference in processor_tasks.messages_of_task(connection, task)
                ],
            )
            for task in processor_tasks.list_open(connection)
        ]


def record_answer(context: Context, number: int, answer: ProcessorAnswer) -> None:
    """Record that a processor was notified, and its answer; raise UserError when no open task has this number."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        task = processor_tasks.close(connection, number, answer, context.actor, now)
        subject = audit.subject_of_member(context.signer, task.member_id)
        detail = {
            "task": number,
            "kind": task.kind,
            "processor": _processor_name(Channel(task.channel), task.provider),
            "answer": answer.value,
        }
        audit.record(connection, now, context.actor, "tell_processor", subject, detail)
