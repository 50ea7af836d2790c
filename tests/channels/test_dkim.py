"""DKIM signatures, checked by an independent verifier (SM-03, E-24)."""

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
from tests.support.examples import examples

DKIM = DkimSettings(domain="lahde.example.org", rsa="r1", ed25519="e1")
RSA, ED25519 = rsa.generate_private_key(65537, 2048), Ed25519PrivateKey.generate()
BOTH = [0, 1]
SIGNATURES = pytest.mark.parametrize("index", BOTH, ids=["rsa", "ed25519"])


def pem(key) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


DNS = {
    b"r1._domainkey.lahde.example.org.": b"v=DKIM1; k=rsa; p="
    + b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    b"e1._domainkey.lahde.example.org.": b"v=DKIM1; k=ed25519; p="
    + b64encode(ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
}
SIGNER = load_dkim_signer(DKIM, pem(RSA), pem(ED25519))


def list_message(text: str = "Hei Åsa!\n", html: str = "<p>Hei</p>", name: str = "Åsa Öhman") -> bytes:
    """Return a marketing message with list headers, as dispatch assembles it."""
    unsubscribe = OneClickUnsubscribe(
        "food.lahde.example.org", "Ruokaideat", "https://lahde.example.org/u/x", "peru@lahde.fi", "x"
    )
    date = datetime(2026, 11, 22, tzinfo=UTC)
    headers = MessageHeaders(
        date, "k5@lahde.example.org", "Lähde", "u@lahde.example.org", "asa@example.org", name, "a:b:c:d", unsubscribe
    )
    return assemble_message(headers, EmailBody("Hyvää pääsiäistä, Åsa – tarjouksia ihan vain sinulle", text, html))


def verifies(message: bytes, index: int) -> bool:
    """Return whether the signature at `index` verifies."""
    try:
        return bool(dkim.DKIM(message).verify(idx=index, dnsfunc=lambda name, **_: DNS.get(name)))
    except dkim.ValidationError:
        return False


@SIGNATURES
def test_a_signature_verifies(index):
    assert verifies(SIGNER.sign(list_message()), index)


@SIGNATURES
@settings(max_examples=examples(20), deadline=None)
@given(text=st.text(), html=st.text(), name=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_signature_verifies_for_any_text(index, text, html, name):
    assert verifies(SIGNER.sign(list_message(text, html, name)), index)


@SIGNATURES
@pytest.mark.parametrize(
    "body",
    [b"", b"\r\n\r\n", b"a", b"a \r\n\r\n", b" \t \r\na\t\tb  c \r\n", b"a\r\n \r\n\r\n", b"  a\r\n"],
)
def test_a_signature_verifies_with_odd_white_space(index, body):
    head = b"From: u@lahde.example.org\r\nSubject:  a \t b\r\n\tc \r\nTo:a@example.org\r\n\r\n"
    assert verifies(SIGNER.sign(head + body), index)


@SIGNATURES
@pytest.mark.parametrize(
    "header",
    [
        *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted"),
        *("Feedback-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"),
    ],
)
def test_a_changed_header_breaks_the_signature(index, header):
    signed = SIGNER.sign(list_message())
    changed = re.sub(rf"\r\n{header}: ".encode(), rf"\r\n{header}: x".encode(), signed, count=1)
    assert changed != signed
    assert not verifies(changed, index)


@SIGNATURES
@pytest.mark.parametrize("header", ["From", "To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post"])
@pytest.mark.parametrize("place", ["above", "below"])
def test_an_added_header_breaks_the_signature(index, header, place):
    signed = SIGNER.sign(list_message())
    extra_line = f"{header}: someone@example.net\r\n".encode()
    changed = (
        extra_line + signed if place == "above" else signed.replace(b"\r\n\r\n", b"\r\n" + extra_line + b"\r\n", 1)
    )
    assert not verifies(changed, index)


@SIGNATURES
def test_a_changed_body_breaks_the_signature(index):
    signed = SIGNER.sign(list_message())
    assert not verifies(signed.replace(b"Hei", b"Moi", 1), index)


def test_signature_lines_are_at_most_78_characters():
    head = SIGNER.sign(list_message()).partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert head.count(b"DKIM-Signature:") == 2


def test_one_key_makes_one_signature():
    signed = load_dkim_signer(DkimSettings(domain="lahde.example.org", ed25519="e1"), "", pem(ED25519)).sign(
        list_message()
    )
    assert signed.count(b"DKIM-Signature:") == 1
    assert verifies(signed, 0)


def test_a_key_may_be_base64_of_its_der_form():
    der = b64encode(ED25519.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    settings = DkimSettings(domain="lahde.example.org", ed25519="e1")
    assert load_dkim_signer(settings, "", der).sign(list_message()) == load_dkim_signer(
        settings, "", pem(ED25519)
    ).sign(list_message())


@pytest.mark.parametrize(
    ("rsa_key", "ed25519_key", "setting"),
    [
        ("", pem(ED25519), "DKIM_RSA_KEY"),
        ("nonsense", pem(ED25519), "DKIM_RSA_KEY"),
        (pem(ED25519), pem(ED25519), "DKIM_RSA_KEY"),
        (pem(rsa.generate_private_key(65537, 1024)), pem(ED25519), "2048 bits"),  # noqa: S505 - refused
        (pem(RSA), "", "DKIM_ED25519_KEY"),
        (pem(RSA), pem(ec.generate_private_key(ec.SECP256R1())), "DKIM_ED25519_KEY"),
    ],
)
def test_a_key_that_cannot_sign_stops_the_channel(rsa_key, ed25519_key, setting):
    with pytest.raises(ChannelMisconfiguredError, match=setting):
        load_dkim_signer(DKIM, rsa_key, ed25519_key)


def test_the_repr_of_a_signer_hides_its_keys():
    assert "0x" not in repr(SIGNER)
