"""Every message provider with its counterpart: a folder, or a double on the loopback."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from campaigns.channels.outcome import ChannelMisconfiguredError, Outcome
from campaigns.channels.registry import EMAIL_PROVIDERS, SMS_PROVIDERS, ProviderContext
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.core.yaml.source import read_yaml
from campaigns.demo.rehearsal.doubles.faults import ProviderFault
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.smtp import SmtpDouble
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble

ROOT = Path(__file__).parents[2]
_ORGANISATION = read_yaml(ROOT / "config/brand.yaml").part("organisation").value
_SETTINGS_JSON = json.dumps(
    {"organisation": _ORGANISATION, **read_yaml(ROOT / "config/settings.yaml").value}, default=str
)
SETTINGS = Settings.model_validate_json(_SETTINGS_JSON)
WIRES = ("sendgrid", "smtp", "twilio")
FOLDERS = ("email_folder", "sms_folder")
Double = SendGridDouble | SmtpDouble | TwilioDouble


@dataclass
class ProviderStage:
    """Message provider of `channel` under test.

    `arrived` returns the opaque ids of the delivered messages, `traffic` all bytes that left the process;
    `misconfigure` makes the provider unable to send.
    """

    channel: Channel
    provider: Any
    arrived: Callable[[], list[str]]
    traffic: Callable[[], bytes]
    misconfigure: Callable[[], object]
    double: Any = None


AUTHORISED: Final = {"ref": "an example"}


def settings_with(channel: Channel, _sections: Mapping[str, Any] | None = None, **changes: Any) -> Settings:
    """Return the example workspace's settings with changes for a channel and other sections replaced.

    The sender of its text messages is authorised (FI-24).
    """
    values = json.loads(_SETTINGS_JSON) | dict(_sections or {})
    values["channels"]["sms"]["authorised"] = AUTHORISED
    values["channels"][channel.value] |= changes
    return Settings.model_validate(values)


@asynccontextmanager
async def open_provider(provider: Any) -> AsyncIterator[Any]:
    """Open a provider, and close it at the end."""
    try:
        await provider.open()
        yield provider
    finally:
        await provider.close()


async def one_outcome(stage: ProviderStage, message: Callable[..., Any]) -> Outcome | ChannelMisconfiguredError:
    """Send one message with a short timeout; a misconfiguration error is returned like an outcome."""
    try:
        async with open_provider(replace(stage.provider, timeout=0.4)) as provider:
            outcome: Outcome = await provider.send(message(stage.channel))
            return outcome
    except ChannelMisconfiguredError as error:
        return error


def leaks(text: str) -> list[str]:
    """Return the fragments of member data in a text."""
    fragments = ("aino", "nobody@", "+358", "4711", "päivää", "From us")
    return [fragment for fragment in fragments if fragment in text]


def folder_arrivals(workspace: Path) -> list[str]:
    """Return the opaque ids of the messages in the outbox."""
    emails = [path.name.split("-")[1] for path in sorted(workspace.rglob("*.eml"))]
    lines = [line for path in workspace.rglob("sms.jsonl") for line in path.read_text().splitlines()]
    return emails + [json.loads(line)["id"] for line in lines]


def folder_stage(name: str, workspace: Path) -> ProviderStage:
    """Return a provider that writes files."""
    channel = Channel(name.partition("_")[0])
    factories: Any = EMAIL_PROVIDERS if channel is Channel.EMAIL else SMS_PROVIDERS

    def traffic() -> bytes:
        files = [path for path in workspace.rglob("*") if path.is_file()]
        return b"".join(path.name.encode() + path.read_bytes() for path in files)

    return ProviderStage(
        channel,
        factories["folder"](ProviderContext(workspace, SETTINGS)),
        lambda: folder_arrivals(workspace),
        traffic,
        lambda: (workspace / "outbox").write_text("a file where the folder should be"),
    )


@asynccontextmanager
async def wire_stage(name: str, workspace: Path) -> AsyncIterator[ProviderStage]:
    """Start a double and build its provider as the registry does."""
    match name:
        case "sendgrid":
            async with SendGridDouble() as double:
                settings = settings_with(Channel.EMAIL, sendgrid={"base_url": double.url})
                environment = {"SENDGRID_API_KEY": double.api_key}
                yield _stage(name, EMAIL_PROVIDERS, ProviderContext(workspace, settings, environment), double)
        case "smtp":
            async with SmtpDouble() as double:
                smtp = {"host": double.host, "port": double.port, "security": "none", "bounces": "b@lahde.example.org"}
                settings = settings_with(Channel.EMAIL, smtp=smtp)
                yield _stage(name, EMAIL_PROVIDERS, ProviderContext(workspace, settings, {}), double)
        case "twilio":
            async with TwilioDouble() as double:
                settings = settings_with(Channel.SMS, twilio={"base_url": double.url})
                environment = {"TWILIO_ACCOUNT_SID": double.account, "TWILIO_AUTH_TOKEN": double.token}
                yield _stage(name, SMS_PROVIDERS, ProviderContext(workspace, settings, environment), double)


def _stage(name: str, factories: Any, context: ProviderContext, double: Double) -> ProviderStage:
    return ProviderStage(
        Channel.SMS if factories is SMS_PROVIDERS else Channel.EMAIL,
        factories[name](context),
        lambda: [name for names in double.mailboxes.received.values() for name in names],
        lambda: _traffic(double),
        lambda: double.fault_plan.shares.update({ProviderFault.UNAUTHORISED: 1.0}),
        double,
    )


def _traffic(double: Double) -> bytes:
    if isinstance(double, SmtpDouble):
        return b"".join(double.messages) + str(double.envelopes).encode()
    return json.dumps(double.requests).encode()
