"""Signatures, judged by a verifier that others wrote (SM-03, E-24)."""

import re
from base64 import b64encode
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.channels.dkim import load_dkim_signer
from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.core.model.provider_settings import DkimSettings
from campaigns.rendering.email.email_template import EmailBody
from campaigns.rendering.email.mime import MessageHeaders, OneClickUnsubscribe, assemble_message

DKIM = DkimSettings(domain="lahde.example.org", rsa="r1", ed25519="e1")
RSA, ED25519 = rsa.generate_private_key(65537, 2048), Ed25519PrivateKey.generate()
BOTH = [0, 1]
SIGNATURES = pytest.mark.parametrize("which", BOTH, ids=["rsa", "ed25519"])


def pem(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


DNS = {
    b"r1._domainkey.lahde.example.org.": b"v=DKIM1; k=rsa; p="
    + b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    b"e1._domainkey.lahde.example.org.": b"v=DKIM1; k=ed25519; p="
    + b64encode(ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
}
SIGNER = load_dkim_signer(DKIM, pem(RSA), pem(ED25519))


def written(text: str = "Hei Åsa!\n", html: str = "<p>Hei</p>", name: str = "Åsa Öhman") -> bytes:
    """A message of a list, as dispatch writes it."""
    leave = OneClickUnsubscribe(
        "food.lahde.example.org", "Ruokaideat", "https://lahde.example.org/u/x", "peru@lahde.fi", "x"
    )
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    envelope = MessageHeaders(
        moment, "k5@lahde.example.org", "Lähde", "u@lahde.example.org", "asa@example.org", name, "a:b:c:d", leave
    )
    return assemble_message(envelope, EmailBody("Hyvää pääsiäistä, Åsa – tarjouksia ihan vain sinulle", text, html))


def holds(message: bytes, which: int) -> bool:
    """Whether one of the signatures holds."""
    try:
        return bool(dkim.DKIM(message).verify(idx=which, dnsfunc=lambda name, **_: DNS.get(name)))
    except dkim.ValidationError:
        return False


@SIGNATURES
def test_a_signature_holds(which):
    assert holds(SIGNER.sign(written()), which)


@SIGNATURES
@settings(max_examples=20, deadline=None)
@given(text=st.text(), html=st.text(), name=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_signature_holds_over_whatever_is_written(which, text, html, name):
    assert holds(SIGNER.sign(written(text, html, name)), which)


@SIGNATURES
@pytest.mark.parametrize(
    "body",
    [b"", b"\r\n\r\n", b"a", b"a \r\n\r\n", b" \t \r\na\t\tb  c \r\n", b"a\r\n \r\n\r\n", b"  a\r\n"],
)
def test_a_signature_holds_over_odd_spaces(which, body):
    head = b"From: u@lahde.example.org\r\nSubject:  a \t b\r\n\tc \r\nTo:a@example.org\r\n\r\n"
    assert holds(SIGNER.sign(head + body), which)


@SIGNATURES
@pytest.mark.parametrize(
    "header",
    [
        *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted"),
        *("Feedback-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"),
    ],
)
def test_a_header_that_was_changed_breaks_it(which, header):
    signed = SIGNER.sign(written())
    changed = re.sub(rf"\r\n{header}: ".encode(), rf"\r\n{header}: x".encode(), signed, count=1)
    assert changed != signed
    assert not holds(changed, which)


@SIGNATURES
@pytest.mark.parametrize("header", ["From", "To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post"])
@pytest.mark.parametrize("place", ["above", "below"])
def test_a_header_that_was_added_breaks_it(which, header, place):
    signed = SIGNER.sign(written())
    added = f"{header}: someone@example.net\r\n".encode()
    changed = added + signed if place == "above" else signed.replace(b"\r\n\r\n", b"\r\n" + added + b"\r\n", 1)
    assert not holds(changed, which)


@SIGNATURES
def test_a_body_that_was_changed_breaks_it(which):
    signed = SIGNER.sign(written())
    assert not holds(signed.replace(b"Hei", b"Moi", 1), which)


def test_the_lines_are_of_a_decent_length():
    head = SIGNER.sign(written()).partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert head.count(b"DKIM-Signature:") == 2


def test_one_key_makes_one_signature():
    only = load_dkim_signer(DkimSettings(domain="lahde.example.org", ed25519="e1"), "", pem(ED25519)).sign(written())
    assert only.count(b"DKIM-Signature:") == 1
    assert holds(only, 0)


def test_a_key_may_be_written_in_base64():
    der = b64encode(ED25519.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    settings = DkimSettings(domain="lahde.example.org", ed25519="e1")
    assert load_dkim_signer(settings, "", der).sign(written()) == load_dkim_signer(settings, "", pem(ED25519)).sign(
        written()
    )


@pytest.mark.parametrize(
    ("rsa_key", "ed25519_key", "named"),
    [
        ("", pem(ED25519), "DKIM_RSA_KEY"),
        ("nonsense", pem(ED25519), "DKIM_RSA_KEY"),
        (pem(ED25519), pem(ED25519), "DKIM_RSA_KEY"),
        (pem(rsa.generate_private_key(65537, 1024)), pem(ED25519), "2048 bits"),  # noqa: S505 - refused
        (pem(RSA), "", "DKIM_ED25519_KEY"),
        (pem(RSA), pem(ec.generate_private_key(ec.SECP256R1())), "DKIM_ED25519_KEY"),
    ],
)
def test_a_key_that_cannot_sign_stops_the_channel(rsa_key, ed25519_key, named):
    with pytest.raises(ChannelMisconfiguredError, match=named):
        load_dkim_signer(DKIM, rsa_key, ed25519_key)


def test_a_signer_does_not_show_its_keys():
    assert "0x" not in repr(SIGNER)
