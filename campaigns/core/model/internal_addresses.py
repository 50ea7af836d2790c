"""Internal addresses: those of the organisation's own people, the only ones for proofs and seeds."""

from collections.abc import Iterable
from typing import Annotated

from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import FrozenModel, TextPattern

_FORM = TextPattern(
    r"@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+|[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+|\+[1-9]\d{6,14}",
    "an internal address is an e-mail address, a number written internationally, or a domain after `@`",
    '"@example.org"',
)

InternalAddress = Annotated[str, _FORM]


class SeedAddress(FrozenModel):
    """Internal address that gets a copy of every run, in the default language unless it has one."""

    address: InternalAddress
    language: Language | None = None


def is_internal_address(address: str, listed: Iterable[str]) -> bool:
    """Return whether an e-mail address or E.164 number is listed, itself or by its domain; subdomains do not count."""
    name, _, domain = address.lower().rpartition("@")
    entries = {f"{name}@{domain}", f"@{domain}"} if name else {domain}
    return any(entry.lower() in entries for entry in listed)
