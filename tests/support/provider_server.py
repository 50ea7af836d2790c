"""Provider server on the loopback: counts the messages of each recipient and answers slowly."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from random import Random
from threading import Event, Thread

from campaigns.channels.outcome import Accepted, Outcome, Unknown
from campaigns.channels.provider import OutgoingEmail


class CountingServer:
    """Server that counts a message when it has read it, and answers 5 to 40 ms later."""

    def __init__(self, seed: int) -> None:
        self.received: Counter[str] = Counter()
        self.message_received = Event()
        self.port = 0
        self._rng = Random(seed)  # noqa: S311 - no secret
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
            self.message_received.set()
            await asyncio.sleep(self._rng.uniform(0.005, 0.04))
            writer.write(b"taken\n")
            await writer.drain()
        except (ConnectionError, json.JSONDecodeError):
            pass  # the sender died
        finally:
            writer.close()


@dataclass
class CountingProvider:
    """E-mail provider of a counting server: one connection a message."""

    port: int

    async def open(self) -> None:
        """Open nothing: connections are made for each message."""

    async def close(self) -> None:
        """Close nothing: no connection is kept."""

    async def send(self, message: OutgoingEmail) -> Outcome:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(json.dumps({"to": message.claimed.address}).encode() + b"\n")
        answer = await reader.readline()
        writer.close()
        return Accepted("ref") if answer == b"taken\n" else Unknown("the connection was lost")
