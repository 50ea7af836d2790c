"""The far end of a wire: a server on loopback that counts what each person received, and answers slowly."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread

from campaigns.channels.outcome import Accepted, Outcome, Unknown
from campaigns.channels.provider import OutgoingEmail


class CountingServer:
    """Counts a message as received as soon as it has read it, and says so between 5 and 40 ms later."""

    def __init__(self, seed: int) -> None:
        self.received: Counter[str] = Counter()
        self.something_came = Event()
        self.port = 0
        self._chance = Random(seed)  # noqa: S311 - no secret
        self._ready = Event()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> "CountingServer":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._answer, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.received[json.loads(await reader.readline())["to"]] += 1
            self.something_came.set()
            await asyncio.sleep(self._chance.uniform(0.005, 0.04))
            writer.write(b"taken\n")
            await writer.drain()
        except (ConnectionError, json.JSONDecodeError):
            pass  # the sender died
        finally:
            writer.close()


@dataclass
class CountingProvider:
    """A provider of e-mail that speaks to a far end, a connection a message."""

    port: int
    said: list[str] = field(default_factory=list)

    async def open(self) -> None:
        """Connections are made as messages come."""

    async def close(self) -> None:
        """None is kept."""

    async def send(self, message: OutgoingEmail) -> Outcome:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(json.dumps({"to": message.claimed.address}).encode() + b"\n")
        answer = await reader.readline()
        writer.close()
        return Accepted("ref") if answer == b"taken\n" else Unknown("the connection was lost")
