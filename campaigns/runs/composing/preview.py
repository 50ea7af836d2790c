"""Preview of one member's message, composed without a claim and written to a file, never sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, assert_never

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.settings import Settings
from campaigns.core.private_files import make_private_folder, write_private
from campaigns.rendering.call_script import CallScriptTemplate
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.letters.letter_pictures import IMAGES_FOLDER, OfferPictures
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.letters.postal_address import AddressProblem, PostalAddress
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.coupon_values import with_embedded_coupons
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.runs.composing.bundle_composers import template_name
from campaigns.runs.composing.template_context import TemplateContexts
from campaigns.workspace.campaign_definition import CampaignDefinition


@dataclass(frozen=True, slots=True)
class PreviewDecision:
    """Decision of a plan for one member, with the member's contact."""

    variant: str
    channel: Channel
    arm: str | None
    contact: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WrittenPreview:
    """Message of one member as a file; `offers` are its offers by title, with their reasons in its language."""

    file: Path
    offers: tuple[tuple[str, str | None], ...]


def offers_with_reasons(context: Mapping[str, Any]) -> tuple[tuple[str, str | None], ...]:
    """Return title and reason of each offer in a template's values, whether the template shows them or not."""
    offers = context.get("offers")
    return tuple((offer.get("title", ""), offer.get("reason")) for offer in offers) if isinstance(offers, list) else ()


def write_preview(
    planned: PreviewDecision,
    definition: CampaignDefinition,
    settings: Settings,
    contexts: TemplateContexts,
    target: Path,
    now: datetime,
) -> WrittenPreview:
    """Write the message of a campaign below `target`.

    Raise UserError or TemplateError if it cannot be composed.
    """
    context = contexts.build(planned.contact, 0, planned.arm)
    make_private_folder(target)
    return WrittenPreview(
        _write_message(planned, definition, settings, context, target, now), offers_with_reasons(context)
    )


def _write_message(
    planned: PreviewDecision,
    definition: CampaignDefinition,
    settings: Settings,
    context: Mapping[str, Any],
    target: Path,
    now: datetime,
) -> Path:
    folder = load_template_folder(
        definition.root, planned.channel, template_name(definition.campaign, planned.variant, planned.channel)
    )
    language = Language(planned.contact["language"])
    match planned.channel:
        case Channel.EMAIL:
            body = EmailTemplate.compile(folder, language, settings).render(context)
            _write(target / "message.txt", f"{body.subject}\n\n{body.text}".encode())
            return _write(target / "message.html", with_embedded_coupons(context, body.html).encode())
        case Channel.SMS:
            sms = SmsTemplate.compile(folder, language, settings).render(context)
            count = f"{sms.encoding}, {sms.segments} segments"
            return _write(target / "message.txt", f"{sms.text}\n\n({count})\n".encode())
        case Channel.POST:
            pictures = OfferPictures(definition.root / IMAGES_FOLDER)
            template = LetterTemplate.compile(folder, language, settings, pictures)
            address = _address(planned.contact, language)
            return _write(target / "letter.pdf", template.render_bundle([template.fill(context, address)], now).pdf)
        case Channel.PHONE:
            script = CallScriptTemplate.compile(folder, language, settings).render_call(context)
            return _write(target / "script.md", script.encode())
        case _ as never:
            assert_never(never)


def _address(contact: Mapping[str, Any], language: Language) -> PostalAddress:
    parts = {name: contact[name] for name in ("first_name", "last_name", "street", "postal_code", "city")}
    address = PostalAddress.from_contact(**parts, language=language)
    if isinstance(address, AddressProblem):
        raise UserError.about(str(contact["member_id"]), f"no letter can go there: {address.value}", "no_address")
    return address


def _write(path: Path, content: bytes) -> Path:
    write_private(path, content)
    return path
