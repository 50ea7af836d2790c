"""Messages to send again and again: a complete e-mail of 14 kB, and a text message of one segment."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from campaigns.channels.claimed_delivery import ClaimedDelivery, create_claimed_delivery
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.core.model.enums import Channel
from campaigns.rendering.email.email_template import EmailBody
from campaigns.rendering.email.mime import MessageHeaders, OneClickUnsubscribe, assemble_message, extra_headers

_SENDER = "uutiset@lahde.example.org"
_BODY = EmailBody("Hyvää syntymäpäivää", "Hyvää päivää, Aino!\n" * 40, "<p>Hyvää päivää, Åsa!</p>\n" * 460)


def _claimed(number: int, channel: Channel, address: str) -> ClaimedDelivery:
    return create_claimed_delivery(
        opaque_id=f"benchmark{number:017d}",
        attempt=f"attempt{number // 64:019d}",
        run="benchmark",
        position=number,
        member_id=str(number),
        channel=channel,
        address=address,
    )


@cache
def _composed_email() -> tuple[bytes, dict[str, str]]:
    unsubscribe = OneClickUnsubscribe("food.lahde.example.org", "Ruoka", "https://lahde.example.org/u/x", _SENDER, "x")
    date = datetime(2026, 11, 22, tzinfo=UTC)
    headers = MessageHeaders(date, "x@lahde.example.org", "Lähde", _SENDER, "aino@example.org", unsubscribe=unsubscribe)
    return assemble_message(headers, _BODY), extra_headers(headers)


def outgoing_email(number: int) -> OutgoingEmail:
    """Return one e-mail; composing is measured elsewhere."""
    claimed = _claimed(number, Channel.EMAIL, f"member{number}@example.org")
    mime, headers = _composed_email()
    return OutgoingEmail(
        claimed, lambda: mime, _SENDER, "Lähde", _SENDER, _BODY.subject, _BODY.text, _BODY.html, headers
    )


def outgoing_sms(number: int) -> OutgoingSms:
    """Return one text message."""
    claimed = _claimed(number, Channel.SMS, f"+3584{number:08d}")
    return OutgoingSms(claimed, "Lahde", "Lähde: Hyvää syntymäpäivää!", "gsm7", 1, timedelta(hours=2))


def private_keys() -> tuple[str, str]:
    """Return new signing keys: RSA of 2048 bits, and Ed25519."""
    keys = generate_private_key(65537, 2048), Ed25519PrivateKey.generate()
    rsa, ed25519 = (key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() for key in keys)
    return rsa, ed25519
