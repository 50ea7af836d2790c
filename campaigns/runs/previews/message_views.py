"""Views of messages for a gallery, composed without a claim: nothing here can be sent."""

import mimetypes
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, assert_never
from urllib.parse import unquote, urlsplit

from campaigns.core.errors import UserError
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.core.regular_files import open_regular
from campaigns.rendering.call_script import CallScriptTemplate
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.gallery.entries import CallView, EmailView, GalleryEntry, LetterView, MessageView, SmsView
from campaigns.rendering.gallery.inert_html import make_inert
from campaigns.rendering.letters.letter_pictures import IMAGES_FOLDER, OfferPictures
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.letters.postal_address import AddressProblem, PostalAddress
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.coupon_values import with_embedded_coupons
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.bundle_composers import template_name
from campaigns.runs.composing.preview import offers_with_reasons
from campaigns.workspace.checks.picture_files import picture_file

_IMAGES_PATH: Final = "/images/"
_LARGEST_PICTURE: Final = 5_000_000
_ADDRESS_FIELDS: Final = ("first_name", "last_name", "street", "postal_code", "city")


@dataclass(frozen=True)
class WorkspacePictures:
    """Pictures of a workspace as data URIs, by the address under which messages show them."""

    folder: Path
    _known: dict[str, str | None] = field(default_factory=dict, init=False, repr=False)

    def load(self, address: str) -> str | None:
        """Return the picture at an address as a data URI; None when the workspace has none."""
        if address not in self._known:
            self._known[address] = self._read(address)
        return self._known[address]

    def _read(self, address: str) -> str | None:
        try:
            _, is_ours, name = unquote(urlsplit(address).path).partition(_IMAGES_PATH)
        except ValueError:  # no address
            return None
        file = picture_file(self.folder, name) if is_ours else None
        kind = mimetypes.guess_type(name)[0] or ""
        if file is None or not kind.startswith("image/"):
            return None
        try:
            with open_regular(file) as stream:
                content = stream.read(_LARGEST_PICTURE + 1)
        except (OSError, UserError):
            return None
        return None if len(content) > _LARGEST_PICTURE else f"data:{kind};base64,{b64encode(content).decode()}"


@dataclass(frozen=True)
class MessageViews:
    """Views of one campaign's messages; templates are read below `root`."""

    root: Path
    campaign: Campaign
    settings: Settings
    now: datetime

    def entry(
        self, variant: str, channel: Channel, contact: Mapping[str, Any], arm: str | None, context: Mapping[str, object]
    ) -> GalleryEntry:
        """Return the entry of one message; its `problem` says why it cannot be written."""
        member_id = contact.get("member_id")
        language = Language(contact["language"])
        name = template_name(self.campaign, variant, channel)
        view, problem = None, ""
        try:
            view = self._view(self.folder(channel, name), language, contact, context)
        except UserError as error:
            problem = problem_lines(error)
        except TemplateError as error:
            problem = str(error)
        offers = offers_with_reasons(context)
        return GalleryEntry(variant, channel, language, f"{channel}/{name}", member_id, arm, view, problem, offers)

    def folder(self, channel: Channel, name: str) -> TemplateFolder:
        """Return a template folder, read once."""
        if (channel, name) not in self._folders:
            self._folders[channel, name] = load_template_folder(self.root, channel, name)
        return self._folders[channel, name]

    @cached_property
    def _folders(self) -> dict[tuple[Channel, str], TemplateFolder]:
        return {}

    @cached_property
    def _pictures(self) -> WorkspacePictures:
        return WorkspacePictures(self.root / "images")

    @cached_property
    def _offer_pictures(self) -> OfferPictures:
        return OfferPictures(self.root / IMAGES_FOLDER)

    def _view(
        self, folder: TemplateFolder, language: Language, contact: Mapping[str, Any], context: Mapping[str, object]
    ) -> MessageView:
        match folder.channel:
            case Channel.EMAIL:
                body = EmailTemplate.compile(folder, language, self.settings).render(context)
                sender = self.settings.organisation.name.text(language)
                html = make_inert(with_embedded_coupons(context, body.html), self._pictures.load)
                return EmailView(
                    sender, body.subject, html, body.text, len(body.html.encode()), len(body.text.encode())
                )
            case Channel.SMS:
                sms = SmsTemplate.compile(folder, language, self.settings).render(context)
                limits = self.settings.channels.sms
                return SmsView(limits.sender, sms.text, sms.encoding.value, sms.segments, limits.max_segments)
            case Channel.POST:
                template = LetterTemplate.compile(folder, language, self.settings, self._offer_pictures)
                page = template.fill(context, _address(contact, language))
                is_sample = "member_id" not in contact
                return LetterView(template.render_images(page, self.now, is_sample=is_sample))
            case Channel.PHONE:
                return CallView(CallScriptTemplate.compile(folder, language, self.settings).render_call(context))
            case _ as never:
                assert_never(never)


def problem_lines(error: UserError) -> str:
    """Return the problems of an error, one a line."""
    return "\n".join(map(str, error.problems))


def _address(contact: Mapping[str, Any], language: Language) -> PostalAddress:
    address = PostalAddress.from_contact(**{name: contact[name] for name in _ADDRESS_FIELDS}, language=language)
    if isinstance(address, AddressProblem):
        raise UserError.about("address", f"no letter can go there: {address.value}", "no_address")
    return address
