"""Name server on the loopback: answers over UDP from a table."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from campaigns.operations.doctor.dns import Resolver


@dataclass
class NameServer:
    """Server that answers TXT queries from `texts`; other names are unknown. Use as `with`."""

    texts: Mapping[str, tuple[str, ...]]
    silent: bool = False
    queries: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    @property
    def resolver(self) -> Resolver:
        return Resolver("127.0.0.1", self._socket.getsockname()[1], timeout=0.5 if self.silent else 5.0)

    def _serve(self) -> None:
        while packet := self._socket.recvfrom(4096):
            content, sender = packet
            if not content:
                return
            if not self.silent:
                self._socket.sendto(self._answer(content), sender)

    def _answer(self, content: bytes) -> bytes:
        question = dns.message.from_wire(content)
        [query] = question.question
        name = query.name.to_text(omit_final_dot=True)
        self.queries.append(name)
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        records = [_quoted(text) for text in self.texts.get(name, ())]
        if records:
            answer.answer.append(dns.rrset.from_text(query.name, 60, "IN", "TXT", *records))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


def _quoted(text: str) -> str:
    """Return a text in pieces of 200 characters, the form of a long published key."""
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
