"""Texts in the domain name system. The one place of dnspython."""

from dataclasses import dataclass, field
from typing import Final

import dns.exception
import dns.resolver

_PATIENCE: Final = 5.0


class Unanswered(Exception):  # noqa: N818 - said as what happened
    """No server answered: nothing is known about the name, not even that there is nothing."""


def _of_the_system() -> dns.resolver.Resolver:
    try:
        return dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise Unanswered("this machine knows no server to ask") from error


@dataclass(frozen=True)
class Resolver:
    """Asks the system's servers, or one at `address` and `port`."""

    address: str | None = None
    port: int = 53
    patience: float = field(default=_PATIENCE, kw_only=True)

    def texts(self, name: str) -> tuple[str, ...]:
        """The TXT records of a name, each in one piece; none where there is no such name. Raises Unanswered."""
        try:
            answer = self._resolver().resolve(name, "TXT", lifetime=self.patience)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise Unanswered(f"{type(error).__name__}: the name servers gave no answer") from error
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)

    def _resolver(self) -> dns.resolver.Resolver:
        if self.address is None:
            return _of_the_system()
        asked = dns.resolver.Resolver(configure=False)
        asked.nameservers, asked.port = [self.address], self.port
        return asked
