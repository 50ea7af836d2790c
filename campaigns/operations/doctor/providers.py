"""The providers: keys in the environment, who is named as sender, and whether they can be reached at all."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pydantic import HttpUrl

from campaigns.channels.http_pool import Pool, Reply
from campaigns.channels.outcome import ChannelMisconfigured
from campaigns.core.clock import Clock
from campaigns.core.model.provider_settings import SmtpSettings
from campaigns.core.model.settings import Settings
from campaigns.core.signing_keys import VARIABLE as SIGNING_KEYS
from campaigns.operations.doctor.finding import Finding, fail, ok, warn

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "sendgrid": ("SENDGRID_API_KEY", "SENDGRID_WEBHOOK_PUBLIC_KEY"),
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
}
_LOCAL: Final = ("localhost", "127.0.0.1", "::1", "[::1]")
_PATIENCE: Final = 5.0
_SKEW: Final = timedelta(seconds=30)
_OFFLINE: Final = "look again from where messages are sent"


def is_real(settings: Settings) -> bool:
    """Whether anything leaves the machine."""
    channels = settings.channels
    return (channels.email.provider, channels.sms.provider) != ("folder", "folder")


def keys(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """The secrets that the chosen providers need, and our own."""
    for provider in (settings.channels.email.provider, settings.channels.sms.provider):
        missing = [name for name in _KEYS.get(provider, ()) if not environment.get(name)]
        if missing:
            yield fail("keys", f"{provider}: not in the environment: {', '.join(missing)}", "set it for every process")
        elif provider in _KEYS:
            yield ok("keys", f"{provider}: all are in the environment")
    if environment.get(SIGNING_KEYS):
        yield ok("keys", f"{SIGNING_KEYS} is set")
    elif settings.database_url or environment.get("VIESTI_DATABASE_URL"):
        step = f"set {SIGNING_KEYS} to the same on every machine"
        yield warn("keys", "links are signed with a key that only this machine has", step)
    else:
        yield ok("keys", "links are signed with `data/signing.key`; back it up")


def senders(settings: Settings) -> Iterator[Finding]:
    """Who messages are from."""
    email, sms = settings.channels.email, settings.channels.sms
    yield ok("sender", f"e-mail is from {email.address}, unsubscribes by mail go to {email.unsubscribe}")
    if sms.authorised is not None:
        known = f"authorised as {sms.authorised.ref}"
    else:
        known = "its senders are set at Twilio: are they authorised?" if is_real(settings) else "not authorised yet"
    answered = "can be answered" if sms.twilio.can_be_answered else f"are from `{sms.sender}`, which nobody can answer"
    yield ok("sender", f"text messages {answered}; {known}")


def regions(settings: Settings) -> Iterator[Finding]:
    """Whether SendGrid and Twilio are asked in the European Union (GD-21)."""
    email, sms = settings.channels.email, settings.channels.sms
    asked = (
        (email, "sendgrid", email.sendgrid.in_union, "https://api.eu.sendgrid.com"),
        (sms, "twilio", sms.twilio.in_union, "https://api.dublin.ie1.twilio.com"),
    )
    for channel, name, in_union, address in asked:
        if channel.provider == name and in_union:
            yield ok("region", f"{name} is asked in the European Union")
        elif channel.provider == name:
            step = f"`base_url: {address}` where your account has that region; else see `viesti record`"
            yield warn("region", f"{name} is asked outside the European Union", step)


def privacy_notice(settings: Settings) -> Finding:
    """Whether pages and e-mails can say where one reads how data is used (GD-09)."""
    notice = settings.organisation.privacy_notice
    if notice is None:
        step = "set `organisation.privacy_notice` to its addresses in fi, sv and en"
        return warn("privacy notice", "no page and no e-mail leads to one", step)
    return ok("privacy notice", f"{notice.fi}" + (f", {notice.version}" if notice.version else ""))


def public_url(settings: Settings) -> Finding:
    """Where the links of messages lead."""
    url = settings.public_url
    if "_" in (url.host or ""):
        return fail("public url", f"{url} has `_` in its host, which callbacks cannot have", "another name")
    if url.host in _LOCAL or url.scheme != "https":
        said, step = f"{url} is not where a member's telephone can go", "set `public_url` to your https address"
        return (
            fail("public url", said, step) if is_real(settings) else warn("public url", said, f"{step} before sending")
        )
    return ok("public url", str(url))


def clock(settings: Settings) -> Finding:
    """Whether the workspace lives in the present."""
    if settings.clock_start is None:
        return ok("workspace clock", "it shows the real time")
    said, step = f"the workspace's clock was set to {settings.clock.start}", "take `clock` out of the settings"
    return (
        fail("workspace clock", said, step) if is_real(settings) else warn("workspace clock", said, f"{step} to send")
    )


async def reached(settings: Settings) -> tuple[Finding, ...]:
    """Whether the providers answer, and what their clocks say of ours."""
    channels = settings.channels
    asked = []
    if channels.email.provider == "sendgrid":
        asked.append(_http("sendgrid", channels.email.sendgrid.base_url))
    if channels.email.provider == "smtp":
        asked.append(_smtp(channels.email.smtp))
    if channels.sms.provider == "twilio":
        asked.append(_http("twilio", channels.sms.twilio.base_url))
    found = await asyncio.gather(*asked)
    return tuple(finding for findings in found for finding in findings)


async def _http(name: str, url: HttpUrl) -> tuple[Finding, ...]:
    pool = Pool(1, _PATIENCE)
    await pool.open()
    try:
        reply = await pool.request("GET", str(url), headers={})
    except ChannelMisconfigured as error:
        return (fail("endpoint", f"{name}: {error}", "is the base URL right?"),)
    finally:
        await pool.close()
    if not isinstance(reply, Reply):
        return (warn("endpoint", f"{name} at {url.host} could not be reached: {reply.detail}", _OFFLINE),)
    return ok("endpoint", f"{name} answers at {url.host}"), _skew(name, reply.headers.get("Date"))


def _skew(name: str, said: str | None) -> Finding:
    """How far our clock is from theirs; signatures and retry times are reckoned by it."""
    try:
        theirs: datetime | None = None if said is None else parsedate_to_datetime(said).astimezone(UTC)
    except ValueError:
        theirs = None
    if theirs is None:
        return warn("clock", f"{name} does not say what time it is", "is time synchronised on this machine?")
    apart = abs(Clock().now() - theirs)
    if apart > _SKEW:
        return fail("clock", f"{apart.total_seconds():.0f} s from that of {name}", "synchronise this machine's time")
    return ok("clock", f"it agrees with that of {name}")


async def _smtp(settings: SmtpSettings) -> tuple[Finding, ...]:
    place = f"{settings.host}:{settings.port}"
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(settings.host, settings.port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        return (warn("endpoint", f"the mail server at {place} could not be reached: {type(error).__name__}", _OFFLINE),)
    return (ok("endpoint", f"the mail server answers at {place}"),)
