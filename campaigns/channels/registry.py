"""Registry of providers by name: a new one is a module and a line here.

A vendor's library is imported only when a workspace chooses it, so a workspace with folder providers starts faster.
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
from campaigns.channels.served_countries import limit_to_countries
from campaigns.core.errors import UserError, closest_match
from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """Inputs for building a provider: the workspace's folder, its settings, and the secrets of the environment."""

    workspace: Path
    settings: Settings
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def outbox(self) -> Path:
        """Return the folder of the development providers."""
        return self.workspace / "outbox"

    def secret(self, name: str) -> str:
        """Return a secret, or an empty text: a provider that needs it raises when it is opened."""
        return self.environment.get(name, "")


Provider = TypeVar("Provider")
ProviderFactories = Mapping[str, Callable[[ProviderContext], Provider]]


def _sendgrid(context: ProviderContext) -> MessageProvider[OutgoingEmail]:
    from campaigns.channels.sendgrid import API_KEY_VARIABLE, SendGridEmail

    base_url = str(context.settings.channels.email.sendgrid.base_url)
    return SendGridEmail(base_url, context.secret(API_KEY_VARIABLE), context.settings.dispatch.in_flight)


def _smtp(context: ProviderContext) -> MessageProvider[OutgoingEmail]:
    from campaigns.channels.dkim import ED25519_KEY_VARIABLE, RSA_KEY_VARIABLE, load_dkim_signer
    from campaigns.channels.smtp import PASSWORD_VARIABLE, USERNAME_VARIABLE, SmtpEmail

    email = context.settings.channels.email
    dkim = email.smtp.dkim
    return SmtpEmail(
        settings=email.smtp,
        bounce_address=email.smtp.bounces or email.address,
        load_signer=None
        if dkim is None
        else lambda: load_dkim_signer(dkim, context.secret(RSA_KEY_VARIABLE), context.secret(ED25519_KEY_VARIABLE)),
        username=context.secret(USERNAME_VARIABLE),
        password=context.secret(PASSWORD_VARIABLE),
    )


def _twilio(context: ProviderContext) -> MessageProvider[OutgoingSms]:
    from campaigns.channels.twilio import ACCOUNT_VARIABLE, TOKEN_VARIABLE, TwilioSms

    return TwilioSms(
        settings=context.settings.channels.sms.twilio,
        account=context.secret(ACCOUNT_VARIABLE),
        token=context.secret(TOKEN_VARIABLE),
        public_url=str(context.settings.public_url),
        connections=context.settings.dispatch.in_flight,
    )


EMAIL_PROVIDERS: Final[ProviderFactories[MessageProvider[OutgoingEmail]]] = {
    "folder": lambda context: FolderEmail(
        context.outbox, context.workspace / "images", str(context.settings.public_url)
    ),
    "sendgrid": _sendgrid,
    "smtp": _smtp,
}
SMS_PROVIDERS: Final[ProviderFactories[MessageProvider[OutgoingSms]]] = {
    "folder": lambda context: FolderSms(context.outbox),
    "twilio": _twilio,
}
POST_PROVIDERS: Final[ProviderFactories[BundleProvider[LetterBundle]]] = {
    "folder": lambda context: FolderPost(context.outbox)
}
PHONE_PROVIDERS: Final[ProviderFactories[BundleProvider[CallBundle]]] = {
    "folder": lambda context: FolderPhone(context.outbox)
}


@dataclass(frozen=True, slots=True)
class ChannelProviders:
    """Provider of each channel, as the workspace has chosen."""

    email: MessageProvider[OutgoingEmail]
    sms: MessageProvider[OutgoingSms]
    post: BundleProvider[LetterBundle]
    phone: BundleProvider[CallBundle]


def build_providers(context: ProviderContext) -> ChannelProviders:
    """Return the providers that the settings name; UserError for an unknown name."""
    channels = context.settings.channels
    return ChannelProviders(
        email=_factory(EMAIL_PROVIDERS, Channel.EMAIL, channels.email.provider)(context),
        sms=limit_to_countries(
            _factory(SMS_PROVIDERS, Channel.SMS, channels.sms.provider)(context), context.settings.sms_countries
        ),
        post=_factory(POST_PROVIDERS, Channel.POST, channels.post.provider)(context),
        phone=_factory(PHONE_PROVIDERS, Channel.PHONE, channels.phone.provider)(context),
    )


def _factory(
    factories: ProviderFactories[Provider], channel: Channel, name: str
) -> Callable[[ProviderContext], Provider]:
    if name not in factories:
        message = f"`channels.{channel}.provider` names no provider of ours: `{name}`"
        hint = closest_match(name, factories) or ", ".join(factories)
        raise UserError.about("config/settings.yaml", message, "provider", hint)
    return factories[name]
