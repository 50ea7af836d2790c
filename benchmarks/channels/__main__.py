"""Benchmark of each provider on the loopback, its double in a process of its own.

`python -m benchmarks.channels [MESSAGES]`. Each path is compared with a bare loop that sends the same bytes.
"""

import asyncio
import json
import platform
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from benchmarks.channels.messages import outgoing_email, outgoing_sms, private_keys
from campaigns.channels.dkim import load_dkim_signer
from campaigns.channels.outcome import Accepted
from campaigns.channels.sendgrid import SendGridEmail, request_body
from campaigns.channels.smtp import SmtpEmail
from campaigns.channels.twilio import TwilioSms
from campaigns.core.model.provider_settings import DkimSettings, SmtpSecurity, SmtpSettings, TwilioSettings

IN_FLIGHT = 256
Step = Callable[[int], Awaitable[Any]]


@asynccontextmanager
async def running_double(name: str, *options: str) -> AsyncIterator[int]:
    """Run a double in its own process, and yield its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"campaigns.demo.rehearsal.doubles.{name}",
        "--count-only",
        *options,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        while b"127.0.0.1:" not in (line := await process.stdout.readline()):
            assert line, "the double did not start"
        yield int(line.partition(b"127.0.0.1:")[2].partition(b";")[0])
    finally:
        process.terminate()
        await process.wait()


async def measure_step(name: str, step: Step, messages: int) -> tuple[float, float]:
    """Return the wall-clock and CPU seconds of a message, with `IN_FLIGHT` messages in flight."""
    numbers = iter(range(messages))

    async def work() -> None:
        for number in numbers:
            await step(number)

    await asyncio.gather(*(step(number) for number in range(50)))  # opens the connections
    clock, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    clock, cpu = (time.perf_counter() - clock) / messages, (time.process_time() - cpu) / messages
    print(f"{name:34} {1 / clock:7.0f} a second   {cpu * 1e6:6.0f} µs of CPU a message", flush=True)
    return clock, cpu


async def measure_provider(name: str, provider: Any, create_message: Callable[[int], Any], messages: int) -> float:
    """Measure a provider; return the CPU seconds of a message."""
    await provider.open()

    async def step(number: int) -> None:
        outcome = await provider.send(create_message(number))
        assert isinstance(outcome, Accepted), outcome

    try:
        return (await measure_step(name, step, messages))[1]
    finally:
        await provider.close()


async def measure_bare_http(
    name: str, url: str, headers: dict[str, str], body: bytes, expected: int, messages: int
) -> float:
    """Send the same bytes over a connection pool, without composing or parsing."""
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def step(_: int) -> None:
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()
                assert response.status == expected

        return (await measure_step(name, step, messages))[1]


async def measure_bare_smtp(name: str, port: int, message: bytes, messages: int) -> float:
    """Send the same transactions over streams; await each reply without parsing it."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        await free.put((reader, writer))

    async def step(_: int) -> None:
        reader, writer = await free.get()
        writer.write(b"MAIL FROM:<b+x@lahde.example.org>\r\nRCPT TO:<aino@example.org>\r\nDATA\r\n")
        for _reply in range(3):
            await reader.readline()
        writer.write(message + b".\r\n")
        assert (await reader.readline()).startswith(b"250")
        free.put_nowait((reader, writer))

    _, cpu = await measure_step(name, step, messages)
    while not free.empty():
        free.get_nowait()[1].close()
    return cpu


async def measure_sendgrid(messages: int) -> None:
    """Measure SendGrid."""
    async with running_double("sendgrid") as port:
        url = f"http://127.0.0.1:{port}"
        headers = {"Authorization": "Bearer SG.double", "Content-Type": "application/json"}
        body = json.dumps(request_body(outgoing_email(0)), ensure_ascii=False).encode()
        bare_cpu = await measure_bare_http(
            "bare HTTP, the same bytes", f"{url}/v3/mail/send", headers, body, 202, messages
        )
        cpu = await measure_provider("SendGrid", SendGridEmail(url, "SG.double", IN_FLIGHT), outgoing_email, messages)
        print(f"{'':34} {cpu / bare_cpu:7.2f} times the bare loop")


async def measure_smtp(messages: int) -> None:
    """Measure a mail server, without and with DKIM signatures."""
    async with running_double("smtp") as port:
        settings = SmtpSettings(host="127.0.0.1", port=port, security=SmtpSecurity.NONE, messages_per_connection=10_000)
        bare_cpu = await measure_bare_smtp("bare SMTP, the same bytes", port, outgoing_email(0).mime, messages)
        cpu = await measure_provider("SMTP", SmtpEmail(settings, "b@lahde.example.org"), outgoing_email, messages)
        print(f"{'':34} {cpu / bare_cpu:7.2f} times the bare loop")
        dkim = DkimSettings(domain="lahde.example.org", rsa="r1", ed25519="e1")
        dkim_signer = load_dkim_signer(dkim, *private_keys())
        provider = SmtpEmail(settings, "b@lahde.example.org", lambda: dkim_signer)
        signed_cpu = await measure_provider("SMTP, signed by RSA and Ed25519", provider, outgoing_email, messages)
        print(f"{'':34} {signed_cpu / bare_cpu:7.2f} times the bare loop")


async def measure_twilio(messages: int) -> None:
    """Measure Twilio."""
    async with running_double("twilio") as port:
        url, account = f"http://127.0.0.1:{port}", "AC" + "0" * 32
        provider = TwilioSms(TwilioSettings.model_validate({"base_url": url}), account, "double", url, IN_FLIGHT)
        headers = {
            "Authorization": aiohttp.encode_basic_auth(account, "double"),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = b"To=%2B358401234567&From=Lahde&Body=Hei"
        path = f"{url}/2010-04-01/Accounts/{account}/Messages.json"
        bare_cpu = await measure_bare_http("bare HTTP, a small form", path, headers, body, 201, messages)
        cpu = await measure_provider("Twilio", provider, outgoing_sms, messages)
        print(f"{'':34} {cpu / bare_cpu:7.2f} times the bare loop")


async def main(messages: int) -> None:
    """Measure every provider, one after the other."""
    print(f"{messages} messages each; Python {platform.python_version()}, {platform.machine()}; e-mail of 14 kB")
    for path in (measure_sendgrid, measure_smtp, measure_twilio):
        await path(messages)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
