"""TXT records in DNS. The only module that uses dnspython."""

from dataclasses import dataclass, field
from typing import Final

import dns.exception
import dns.resolver

_TIMEOUT: Final = 5.0


class UnansweredError(Exception):
    """No name server answered; whether the name exists is unknown."""


def _system_resolver() -> dns.resolver.Resolver:
    try:
        return dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise UnansweredError("this machine has no name server configured") from error


@dataclass(frozen=True)
class Resolver:
    """Resolver that asks the system's name servers, or one at `address` and `port`."""

    address: str | None = None
    port: int = 53
    timeout: float = field(default=_TIMEOUT, kw_only=True)

    def txt_records(self, name: str) -> tuple[str, ...]:
        """Return the TXT records of a name, each in one piece; none for an unknown name. Raise UnansweredError."""
        try:
            answer = self._resolver().resolve(name, "TXT", lifetime=self.timeout)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise UnansweredError(f"{type(error).__name__}: the name servers gave no answer") from error
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)

    def _resolver(self) -> dns.resolver.Resolver:
        if self.address is None:
            return _system_resolver()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.address], self.port
        return resolver
