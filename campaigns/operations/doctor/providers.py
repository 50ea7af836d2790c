"""Checks of providers: keys in the environment, senders, regions, public address, clock and reachability."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pydantic import HttpUrl

from campaigns.channels.http_pool import HttpPool, HttpReply
from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.core.clock import Clock
from campaigns.core.model.provider_settings import SmtpSettings
from campaigns.core.model.settings import Settings
from campaigns.core.signing_keys import KEYS_VARIABLE as SIGNING_KEYS
from campaigns.operations.doctor.finding import Finding, fail, ok, warn

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "sendgrid": ("SENDGRID_API_KEY", "SENDGRID_WEBHOOK_PUBLIC_KEY"),
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
}
_LOCAL: Final = ("localhost", "127.0.0.1", "::1", "[::1]")
_TIMEOUT: Final = 5.0
_SKEW: Final = timedelta(seconds=30)
_UNREACHABLE_STEP: Final = "check again from a machine that sends"


def sends_for_real(settings: Settings) -> bool:
    """Return whether any message leaves the machine."""
    channels = settings.channels
    return (channels.email.provider, channels.sms.provider) != ("folder", "folder")


def check_keys(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check the secrets of the chosen providers and our signing keys."""
    for provider in (settings.channels.email.provider, settings.channels.sms.provider):
        missing = [name for name in _KEYS.get(provider, ()) if not environment.get(name)]
        if missing:
            yield fail("keys", f"{provider}: not in the environment: {', '.join(missing)}", "set it for every process")
        elif provider in _KEYS:
            yield ok("keys", f"{provider}: all are in the environment")
    if environment.get(SIGNING_KEYS):
        yield ok("keys", f"{SIGNING_KEYS} is set")
    elif settings.database_url or environment.get("VIESTI_DATABASE_URL"):
        step = f"set {SIGNING_KEYS} to the same value on every machine"
        yield warn("keys", "links are signed with a key on this machine only", step)
    else:
        yield ok("keys", "links are signed with `data/signing.key`; back it up")


def check_senders(settings: Settings) -> Iterator[Finding]:
    """Check the senders of messages."""
    email, sms = settings.channels.email, settings.channels.sms
    yield ok("sender", f"e-mail is from {email.address}, unsubscribes by mail go to {email.unsubscribe}")
    if sms.authorised is not None:
        authorisation = f"authorised as {sms.authorised.ref}"
    else:
        authorisation = (
            "its senders are set at Twilio: are they authorised?" if sends_for_real(settings) else "not authorised yet"
        )
    replies = "can be answered" if sms.twilio.accepts_replies else f"are from `{sms.sender}`, which nobody can answer"
    yield ok("sender", f"text messages {replies}; {authorisation}")


def check_regions(settings: Settings) -> Iterator[Finding]:
    """Check that SendGrid and Twilio are used in the European Union (GD-21)."""
    email, sms = settings.channels.email, settings.channels.sms
    checks = (
        (email, "sendgrid", email.sendgrid.in_eu, "https://api.eu.sendgrid.com"),
        (sms, "twilio", sms.twilio.in_eu, "https://api.dublin.ie1.twilio.com"),
    )
    for channel, name, in_union, address in checks:
        if channel.provider == name and in_union:
            yield ok("region", f"{name} is used in the European Union")
        elif channel.provider == name:
            step = f"`base_url: {address}` where your account has that region; else see `viesti record`"
            yield warn("region", f"{name} is used outside the European Union", step)


def check_privacy_notice(settings: Settings) -> Finding:
    """Check that pages and e-mails link to a privacy notice (GD-09)."""
    notice = settings.organisation.privacy_notice
    if notice is None:
        step = "set `organisation.privacy_notice` in config/brand.yaml, to its addresses in fi, sv and en"
        return warn("privacy notice", "no page and no e-mail links to one", step)
    return ok("privacy notice", f"{notice.fi}" + (f", {notice.version}" if notice.version else ""))


def check_public_url(settings: Settings) -> Finding:
    """Check the public address that links of messages lead to."""
    url = settings.public_url
    if "_" in (url.host or ""):
        return fail("public url", f"{url} has `_` in its host, which callbacks cannot have", "another name")
    if url.host in _LOCAL or url.scheme != "https":
        message, step = f"{url} is not reachable from a member's phone", "set `public_url` to your https address"
        return (
            fail("public url", message, step)
            if sends_for_real(settings)
            else warn("public url", message, f"{step} before sending")
        )
    return ok("public url", str(url))


def check_clock(settings: Settings) -> Finding:
    """Check that the workspace's clock shows the real time."""
    if settings.clock_start is None:
        return ok("workspace clock", "it shows the real time")
    message, step = f"the workspace's clock was set to {settings.clock.start}", "take `clock` out of the settings"
    return (
        fail("workspace clock", message, step)
        if sends_for_real(settings)
        else warn("workspace clock", message, f"{step} to send")
    )


async def check_reachability(settings: Settings) -> tuple[Finding, ...]:
    """Check that the providers answer, and compare their clocks with ours."""
    channels = settings.channels
    checks = []
    if channels.email.provider == "sendgrid":
        checks.append(_http("sendgrid", channels.email.sendgrid.base_url))
    if channels.email.provider == "smtp":
        checks.append(_smtp(channels.email.smtp))
    if channels.sms.provider == "twilio":
        checks.append(_http("twilio", channels.sms.twilio.base_url))
    findings_by_provider = await asyncio.gather(*checks)
    return tuple(finding for findings in findings_by_provider for finding in findings)


async def _http(name: str, url: HttpUrl) -> tuple[Finding, ...]:
    pool = HttpPool(1, _TIMEOUT)
    await pool.open()
    try:
        reply = await pool.request("GET", str(url), headers={})
    except ChannelMisconfiguredError as error:
        return (fail("endpoint", f"{name}: {error}", "is the base URL right?"),)
    finally:
        await pool.close()
    if not isinstance(reply, HttpReply):
        return (warn("endpoint", f"{name} at {url.host} could not be reached: {reply.detail}", _UNREACHABLE_STEP),)
    return ok("endpoint", f"{name} answers at {url.host}"), _skew(name, reply.headers.get("Date"))


def _skew(name: str, date: str | None) -> Finding:
    """Check the difference of the clocks; signatures and retry times depend on it."""
    try:
        theirs: datetime | None = None if date is None else parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        theirs = None
    if theirs is None:
        return warn("clock", f"{name} does not report its time", "is time synchronised on this machine?")
    difference = abs(Clock().now() - theirs)
    if difference > _SKEW:
        return fail(
            "clock", f"{difference.total_seconds():.0f} s off from that of {name}", "synchronise this machine's time"
        )
    return ok("clock", f"it agrees with that of {name}")


async def _smtp(settings: SmtpSettings) -> tuple[Finding, ...]:
    address = f"{settings.host}:{settings.port}"
    try:
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection(settings.host, settings.port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        return (
            warn(
                "endpoint",
                f"the mail server at {address} could not be reached: {type(error).__name__}",
                _UNREACHABLE_STEP,
            ),
        )
    return (ok("endpoint", f"the mail server answers at {address}"),)
