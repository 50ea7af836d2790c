"""Addresses of clients, and the networks that limits count."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_HOUSEHOLD_BITS: Final = 64  # prefix of an IPv6 address that one household or attacker has to itself
_IPV4_NETWORK_BITS: Final = 24
_MAX_HOPS: Final = 20


def parse_address(text: str) -> IpAddress | None:
    """Return the address of a text, with or without a port; None for anything else, as for addresses with a zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return None if address.scope_id else address.ipv4_mapped or address


def is_in(address: IpAddress, networks: Sequence[IpNetwork]) -> bool:
    """Return whether an address is in one of the networks."""
    return any(address.version == network.version and address in network for network in networks)


def original_client(peer: IpAddress, forwarded: Sequence[str], trusted: Sequence[IpNetwork]) -> IpAddress:
    """Return the client of a request: the first address, from the peer on, that is no trusted proxy's.

    `forwarded` are the values of X-Forwarded-For, each written by the proxy after it; a client may have invented the
    first ones. An entry that is no address ends the way: the proxy that wrote it counts as the client.
    """
    client = peer
    hops = [hop for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops[-_MAX_HOPS:]):
        if not is_in(client, trusted):
            return client
        address = parse_address(hop)
        if address is None:
            return client
        client = address
    return client


def client_key(host: str | None) -> str:
    """Return the key that tells clients apart: the IPv4 address, or the /64 network of an IPv6 address."""
    address = parse_address(host or "")
    if address is None:
        return host or ""
    return str(address) if isinstance(address, IPv4Address) else _prefix(address, _HOUSEHOLD_BITS)


def network_key(host: str | None) -> str:
    """Return the key of the network that limits count: /24 for IPv4, /64 for IPv6."""
    address = parse_address(host or "")
    if address is None:
        return host or ""
    return _prefix(address, _IPV4_NETWORK_BITS if isinstance(address, IPv4Address) else _HOUSEHOLD_BITS)


def _prefix(address: IpAddress, bits: int) -> str:
    return f"{address.version}:{int(address) >> (address.max_prefixlen - bits)}"
