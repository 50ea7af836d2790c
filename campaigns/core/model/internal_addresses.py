"""Addresses of our own people, to which proofs and seeds may be sent."""

from collections.abc import Iterable
from typing import Annotated

from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Frozen, Written

_FORM = Written(
    r"@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+|[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+|\+[1-9]\d{6,14}",
    "an internal address is an e-mail address, a number written internationally, or a domain after `@`",
    '"@example.org"',
)

InternalAddress = Annotated[str, _FORM]


class Seed(Frozen):
    """One of our own addresses, which gets a copy of every run; without a language in the default one."""

    address: InternalAddress
    language: Language | None = None


def is_internal(address: str, listed: Iterable[str]) -> bool:
    """Whether an e-mail address or E.164 number is listed, by itself or by its whole domain; no domain below it."""
    name, _, domain = address.lower().rpartition("@")
    named = {f"{name}@{domain}", f"@{domain}"} if name else {domain}
    return any(entry.lower() in named for entry in listed)
