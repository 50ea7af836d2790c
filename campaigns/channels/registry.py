"""Every provider by its name, written out: a new one is a module and a line here.

A vendor's library is loaded when a workspace chooses it: one that writes into folders starts without.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from campaigns.channels.bundle import CallBundle, LetterBundle
from campaigns.channels.folder_email import FolderEmail
from campaigns.channels.folder_phone import FolderPhone
from campaigns.channels.folder_post import FolderPost
from campaigns.channels.folder_sms import FolderSms
from campaigns.channels.provider import BundleProvider, MessageProvider, OutgoingEmail, OutgoingSms
from campaigns.core.errors import AuthorError, nearest
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider may be made of: the workspace's folder, its settings, and the secrets of the environment."""

    workspace: Path
    settings: Settings
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def outbox(self) -> Path:
        """Where the development providers write."""
        return self.workspace / "outbox"

    def secret(self, name: str) -> str:
        """A secret, or an empty text: the provider that needs it says so when it is opened."""
        return self.environment.get(name, "")


Provider = TypeVar("Provider")
Makers = Mapping[str, Callable[[Surroundings], Provider]]


def _sendgrid(at: Surroundings) -> MessageProvider[OutgoingEmail]:
    from campaigns.channels.sendgrid import API_KEY, SendGridEmail

    base_url = str(at.settings.channels.email.sendgrid.base_url)
    return SendGridEmail(base_url, at.secret(API_KEY), at.settings.dispatch.in_flight)


def _smtp(at: Surroundings) -> MessageProvider[OutgoingEmail]:
    from campaigns.channels.dkim import ED25519_KEY, RSA_KEY, signer
    from campaigns.channels.smtp import PASSWORD, USERNAME, SmtpEmail

    email = at.settings.channels.email
    dkim = email.smtp.dkim
    return SmtpEmail(
        settings=email.smtp,
        bounces=email.smtp.bounces or email.address,
        signer=None if dkim is None else lambda: signer(dkim, at.secret(RSA_KEY), at.secret(ED25519_KEY)),
        username=at.secret(USERNAME),
        password=at.secret(PASSWORD),
    )


def _twilio(at: Surroundings) -> MessageProvider[OutgoingSms]:
    from campaigns.channels.twilio import ACCOUNT, TOKEN, TwilioSms

    return TwilioSms(
        settings=at.settings.channels.sms.twilio,
        account=at.secret(ACCOUNT),
        token=at.secret(TOKEN),
        public_url=str(at.settings.public_url),
        connections=at.settings.dispatch.in_flight,
    )


EMAIL: Final[Makers[MessageProvider[OutgoingEmail]]] = {
    "folder": lambda at: FolderEmail(at.outbox, at.workspace / "images", str(at.settings.public_url)),
    "sendgrid": _sendgrid,
    "smtp": _smtp,
}
SMS: Final[Makers[MessageProvider[OutgoingSms]]] = {
    "folder": lambda at: FolderSms(at.outbox),
    "twilio": _twilio,
}
POST: Final[Makers[BundleProvider[LetterBundle]]] = {"folder": lambda at: FolderPost(at.outbox)}
PHONE: Final[Makers[BundleProvider[CallBundle]]] = {"folder": lambda at: FolderPhone(at.outbox)}


@dataclass(frozen=True, slots=True)
class Providers:
    """The provider of each channel that the workspace has chosen."""

    email: MessageProvider[OutgoingEmail]
    sms: MessageProvider[OutgoingSms]
    post: BundleProvider[LetterBundle]
    phone: BundleProvider[CallBundle]


def chosen_providers(at: Surroundings) -> Providers:
    """The providers that the settings name; AuthorError for a name that is not known."""
    channels = at.settings.channels
    return Providers(
        email=_maker(EMAIL, Channel.EMAIL, channels.email.provider)(at),
        sms=_maker(SMS, Channel.SMS, channels.sms.provider)(at),
        post=_maker(POST, Channel.POST, channels.post.provider)(at),
        phone=_maker(PHONE, Channel.PHONE, channels.phone.provider)(at),
    )


def _maker(makers: Makers[Provider], channel: Channel, name: str) -> Callable[[Surroundings], Provider]:
    if name not in makers:
        message = f"`channels.{channel}.provider` names no provider of ours: `{name}`"
        raise AuthorError.about("config/settings.yaml", message, "provider", nearest(name, makers) or ", ".join(makers))
    return makers[name]
