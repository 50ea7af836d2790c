"""Addresses of our own people, to which a proof may be sent."""

from collections.abc import Iterable
from typing import Annotated

from campaigns.spec.text import Written

_FORM = Written(
    r"@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+|[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+|\+[1-9]\d{6,14}",
    "an internal address is an e-mail address, a number written internationally, or a domain after `@`",
    '"@example.org"',
)

InternalAddress = Annotated[str, _FORM]


def is_internal(address: str, listed: Iterable[str]) -> bool:
    """Whether an e-mail address or E.164 number is listed, by itself or by its whole domain; no domain below it."""
    name, _, domain = address.lower().rpartition("@")
    named = {f"{name}@{domain}", f"@{domain}"} if name else {domain}
    return any(entry.lower() in named for entry in listed)
