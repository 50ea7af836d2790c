"""The client of a request behind proxies, and the network that limits count."""

from ipaddress import ip_address, ip_network

import pytest

from campaigns.web.client_network import network_key, original_client

PROXIES = (ip_network("10.0.0.0/24"), ip_network("2001:db8:ffff::/48"))
PEER = "10.0.0.7"

HOSTILE: dict[str, tuple[list[str], str]] = {
    "an invented first entry": (["1.1.1.1, 198.51.100.9"], "198.51.100.9"),
    "an invented header before the proxy's": (["1.1.1.1", "198.51.100.9"], "198.51.100.9"),
    "an invented proxy in front": (["10.0.0.9, 198.51.100.9"], "198.51.100.9"),
    "a proxy behind an invented client": (["1.1.1.1, 198.51.100.9, 10.0.0.8"], "198.51.100.9"),
    "words": (["unknown"], PEER),
    "SQL": (["'; DROP TABLE tried; --"], PEER),
    "an empty value": ([""], PEER),
    "commas": ([",,,,"], PEER),
    "a network": (["198.51.100.0/24"], PEER),
    "an octal address": (["0177.0.0.1"], PEER),
    "a decimal address": (["2130706433"], PEER),
    "too many parts": (["1.2.3.4.5"], PEER),
    "a zone": (["fe80::1%eth0"], PEER),
    "line breaks": (["198.51.100.9\r\nX: y"], PEER),
    "a NUL": (["198.51.100.9\x00"], PEER),
    "a hidden obfuscated name": (["_hidden"], PEER),
    "words after a client": (["198.51.100.9, nonsense"], PEER),
    "thousands of entries": ([", ".join(["1.1.1.1"] * 5000 + ["198.51.100.9"])], "198.51.100.9"),
    "only proxies": (["10.0.0.8, 10.0.0.9"], "10.0.0.8"),
    "a mapped address": (["::ffff:198.51.100.9"], "198.51.100.9"),
    "a port": (["198.51.100.9:4711"], "198.51.100.9"),
    "IPv6 with a port": (["[2001:db8::1]:443"], "2001:db8::1"),
}


@pytest.mark.hostile
@pytest.mark.parametrize(("forwarded", "client"), HOSTILE.values(), ids=HOSTILE.keys())
def test_the_client_is_the_first_address_that_no_proxy_of_ours_has(forwarded, client):
    assert str(original_client(ip_address(PEER), forwarded, PROXIES)) == client


@pytest.mark.hostile
@pytest.mark.parametrize("forwarded", [["1.1.1.1"], ["10.0.0.8"], ["1.1.1.1, 10.0.0.7"]])
def test_a_peer_that_is_no_proxy_of_ours_names_nobody_else(forwarded):
    assert str(original_client(ip_address("198.51.100.9"), forwarded, PROXIES)) == "198.51.100.9"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("0.0.0.1", "::1", False),
        (None, "testclient", False),
    ],
)
def test_limits_count_networks_of_a_household_or_an_operators_address(one, other, same):
    assert (network_key(one) == network_key(other)) is same
