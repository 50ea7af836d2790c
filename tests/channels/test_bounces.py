"""Bounce and complaint reports: a corpus of mails and the events read from them (SM-04, E-10)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.bounces import opaque_id_of, parse_report_mail, verp_address
from campaigns.core.yaml.source import read_yaml

CORPUS = Path(__file__).parent / "bounces"
EXPECTED = read_yaml(CORPUS / "expected.yaml").value
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_every_mail_of_the_corpus_has_an_expectation():
    assert {path.stem for path in CORPUS.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_sm04_e10_a_report_becomes_the_expected_events(name, line_end):
    raw = (CORPUS / f"{name}.eml").read_bytes().replace(b"\n", line_end)
    events = parse_report_mail(raw, EXPECTED[name]["to"], AT)
    described = [
        {
            "word": event.kind.value,
            "delivery": event.delivery,
            "address": event.address,
            "code": event.code,
            "asks": sorted(event.actions),
        }
        for event in events
    ]
    assert described == EXPECTED[name]["events"]
    assert {event.at for event in events} <= {AT}
    assert len({event.key for event in events}) == len(events)


def test_a_repeated_report_has_the_same_key():
    raw = (CORPUS / "two_readers.eml").read_bytes()
    assert parse_report_mail(raw, "b+x@example.org", AT) == parse_report_mail(raw, "b+x@example.org", AT)


@given(st.binary(max_size=300))
def test_malformed_mail_is_read_without_actions(tail):
    head = b'Content-Type: multipart/report; boundary="b"\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n'
    for raw in (tail, head + tail):
        assert all(event.actions == frozenset() for event in parse_report_mail(raw, "uutiset@lahde.example.org", AT))


@given(st.from_regex(r"[a-z2-7]{26}", fullmatch=True))
def test_a_verp_address_names_its_delivery(opaque_id):
    address = verp_address("bounces@lahde.example.org", opaque_id)
    assert opaque_id_of(address) == opaque_id
    assert opaque_id_of(f"<{address}>") == opaque_id
    assert len(address.partition("@")[0]) <= 64


@pytest.mark.parametrize(
    "address", ["", "bounces@example.org", "a+b+c@example.org", "a+b", "a+b c@example.org", "+b@c"]
)
def test_an_address_without_a_delivery_id_names_none(address):
    assert opaque_id_of(address) == ""
