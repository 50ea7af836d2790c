"""Composers of letters and call lists: one item for each claimed delivery, combined into bundles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.channels.bundle import BundleId, BundlePages, CallBundle, Letter, LetterBundle, PhoneCall
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.reasons import EndReason
from campaigns.rendering.call_script import CallScriptTemplate
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.letters.postal_address import AddressProblem, PostalAddress
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.claimed_message import ClaimedMessage, ComposeError
from campaigns.runs.composing.template_context import TemplateContexts, message_language

ADDRESS_SOURCE = "member register"


def material_name(template: str, language: Language) -> str:
    """Return the name of a template in one language, as used for printed material."""
    return f"{template}-{language}"


@dataclass(frozen=True, slots=True)
class LetterComposer:
    """Composer of letters; `templates` are keyed by material name."""

    campaign: Campaign
    contexts: TemplateContexts
    templates: Mapping[str, LetterTemplate]

    def compose(self, delivery: ClaimedMessage, /) -> Letter:
        """Return the letter of a claimed delivery; raise ComposeError if its address or a template value is missing."""
        language = message_language(delivery)
        contact = delivery.contact
        address = PostalAddress.from_contact(
            first_name=contact["first_name"],
            last_name=contact["last_name"],
            street=contact["street"],
            postal_code=contact["postal_code"],
            city=contact["city"],
            language=language,
        )
        if isinstance(address, AddressProblem):
            raise ComposeError(EndReason.NO_ADDRESS, address.value)
        name = material_name(template_name(self.campaign, delivery.variant, Channel.POST), language)
        try:
            page = self.templates[name].fill(
                self.contexts.build(delivery.contact, delivery.claimed.position, delivery.arm), address
            )
        except TemplateError as error:
            raise ComposeError(EndReason.TEMPLATE_ERROR, str(error)) from error
        return Letter(delivery.claimed, name, language, address.postal_code, address.rows, page)

    def compose_bundle(self, name: BundleId, items: Sequence[Letter], created_at: datetime, /) -> LetterBundle:
        """Return the bundle; its pages are rendered one material at a time."""

        def draw(material_name: str, letters: Sequence[Letter]) -> BundlePages:
            pages = self.templates[material_name].render_bundle([letter.page for letter in letters], created_at)
            return BundlePages(pages.pdf, pages.page_counts)

        return LetterBundle(name, items, draw, created_at, ADDRESS_SOURCE)


@dataclass(frozen=True, slots=True)
class CallListComposer:
    """Composer of call lists; `templates` are keyed by material name."""

    campaign: Campaign
    contexts: TemplateContexts
    templates: Mapping[str, CallScriptTemplate]

    def compose(self, delivery: ClaimedMessage, /) -> PhoneCall:
        """Return the call of a claimed delivery: number, name, script, and the reason that its template gives.

        Nothing else is disclosed. Raise ComposeError if a value of the reason is missing.
        """
        language = message_language(delivery)
        name = " ".join(filter(None, (delivery.contact["first_name"], delivery.contact["last_name"])))
        script = material_name(template_name(self.campaign, delivery.variant, Channel.PHONE), language)
        return PhoneCall(delivery.claimed, script, language, name, self._reason(script, delivery))

    def _reason(self, script: str, delivery: ClaimedMessage) -> str:
        template = self.templates[script]
        if template.reason is None:
            return ""
        try:
            return template.render_reason(
                self.contexts.build(delivery.contact, delivery.claimed.position, delivery.arm)
            )
        except TemplateError as error:
            raise ComposeError(EndReason.TEMPLATE_ERROR, str(error)) from error

    def compose_bundle(self, name: BundleId, items: Sequence[PhoneCall], created_at: datetime, /) -> CallBundle:
        """Return the bundle with the scripts that its calls use."""
        languages = {call.script: call.language for call in items}
        scripts = {
            script: self.templates[script].render(self.contexts.common_values(language))
            for script, language in languages.items()
        }
        return CallBundle(name, items, scripts, created_at, ADDRESS_SOURCE)


def template_name(campaign: Campaign, variant: str, channel: Channel) -> str:
    """Return the template folder of a variant for a channel that it was planned for."""
    match = next(candidate for candidate in campaign.variants if candidate.name == variant)
    name = match.template(channel)
    if name is None:
        raise ValueError(f"the variant {variant} has no template for {channel}")
    return name
