"""Every provider by its name, written out: a new one is a module and a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from campaigns.channels.bundle import CallBundle, LetterBundle
from campaigns.channels.folder_email import FolderEmail
from campaigns.channels.folder_phone import FolderPhone
from campaigns.channels.folder_post import FolderPost
from campaigns.channels.folder_sms import FolderSms
from campaigns.channels.provider import BundleProvider, MessageProvider, OutgoingEmail, OutgoingSms
from campaigns.errors import AuthorError, nearest
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider may be made of: the workspace's folder and its settings."""

    workspace: Path
    settings: Settings

    @property
    def outbox(self) -> Path:
        """Where the development providers write."""
        return self.workspace / "outbox"


Provider = TypeVar("Provider")
Makers = Mapping[str, Callable[[Surroundings], Provider]]

EMAIL: Final[Makers[MessageProvider[OutgoingEmail]]] = {
    "folder": lambda at: FolderEmail(at.outbox, at.workspace / "images", str(at.settings.public_url)),
}
SMS: Final[Makers[MessageProvider[OutgoingSms]]] = {"folder": lambda at: FolderSms(at.outbox)}
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
