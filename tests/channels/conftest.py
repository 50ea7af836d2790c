"""Fixtures: claimed deliveries, messages and bundles as dispatch hands them to providers."""

import ssl
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from campaigns.channels.bundle import BundleId, BundlePages, CallBundle, Letter, LetterBundle, PhoneCall
from campaigns.channels.claimed_delivery import ClaimedDelivery
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.core.event_loop import loop_factory
from campaigns.core.model.enums import Channel, Language
from tests.support.claimed_deliveries import RUN, WHEN, claim
from tests.support.provider_fixtures import FOLDERS, WIRES, ProviderStage, folder_stage
from tests.support.provider_fixtures import wire_stage as open_wire_stage

Claims = Callable[..., ClaimedDelivery]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Run providers in the event loop they ship with; its transports differ from those of asyncio."""
    return {"shipped": loop_factory()}


MIME = (
    b"From: Lahde <uutiset@lahde.example.org>\r\nTo: aino@example.org\r\n"
    b"Subject: =?utf-8?b?SHl2w6TDpCBzeW50eW3DpHDDpGl2w6TDpA==?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative;\r\n boundary="=_b"\r\n\r\n'
    b"--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nFrom us\r\n"
    b"--=_b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>From us</p>\r\n--=_b--\r\n"
)


@pytest.fixture
def claimed() -> Claims:
    """Factory of claimed deliveries."""
    return claim


@pytest.fixture
def email() -> Callable[..., OutgoingEmail]:
    """Factory of e-mails; `html` replaces their content."""

    def make(claimed: ClaimedDelivery, html: str = "<p>From us</p>") -> OutgoingEmail:
        mime = MIME.replace(b"<p>From us</p>", html.encode())
        return OutgoingEmail(
            claimed,
            lambda: mime,
            "b@lahde.example.org",
            "Lahde",
            "uutiset@lahde.example.org",
            "Hyvää",
            "From us",
            html,
            {},
        )

    return make


@pytest.fixture
def sms() -> Callable[..., OutgoingSms]:
    """Factory of text messages."""

    def make(claimed: ClaimedDelivery, text: str = "Lähde: Hyvää päivää!\nSeis: x") -> OutgoingSms:
        return OutgoingSms(claimed, "Lahde", text, "gsm7", 1)

    return make


def render_pages(material: str, letters: Sequence[Letter]) -> BundlePages:
    """Stand in for Typst: two pages a letter."""
    text = "".join(f"{material}:{letter.claimed.opaque_id}\n" for letter in letters)
    return BundlePages(text.encode(), (2,) * len(letters))


@pytest.fixture
def letters() -> Callable[..., LetterBundle]:
    """Factory of letter bundles: one letter for each (postal code, language)."""

    def make(*recipients: tuple[str, Language], number: int = 1, **changes: Any) -> LetterBundle:
        items = [
            Letter(
                claim(Channel.POST, position),
                f"owner_post-{language}",
                language,
                code,
                ("=Aino", "Katu 1", f"{code} TURKU"),
                {},
            )
            for position, (code, language) in enumerate(recipients or (("20100", Language.FI),), start=1)
        ]
        values = {"render": render_pages, "created_at": WHEN, "address_source": "member register", **changes}
        return LetterBundle(BundleId(RUN, Channel.POST, number), items, **values)

    return make


@pytest.fixture
def calls() -> Callable[..., CallBundle]:
    """Factory of call lists with `count` calls."""

    def make(count: int = 1, number: int = 1, name: str = "Aino Mäkelä") -> CallBundle:
        items = [
            PhoneCall(claim(Channel.PHONE, position), "survey_script-fi", Language.FI, name)
            for position in range(1, count + 1)
        ]
        scripts = {"survey_script-fi": "# Kysely\n"}
        return CallBundle(BundleId(RUN, Channel.PHONE, number), items, scripts, WHEN, "member register")

    return make


@pytest.fixture(params=[*FOLDERS, *WIRES])
async def stage(request, tmp_path) -> AsyncIterator[ProviderStage]:
    """Every message provider in turn."""
    if request.param in FOLDERS:
        yield folder_stage(request.param, tmp_path)
        return
    async with open_wire_stage(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture(params=WIRES)
async def wire_stage(request, tmp_path) -> AsyncIterator[ProviderStage]:
    """Every message provider with a network protocol, and its double."""
    async with open_wire_stage(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Folder with a self-signed certificate for 127.0.0.1, and its key."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "double")])
    issued = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(issued)
        .not_valid_after(issued + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, None)
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder


@pytest.fixture
def tls(certificate):
    """TLS context of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    return context
