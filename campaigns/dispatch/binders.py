"""Letters and calls written for claimed deliveries, and bound into bundles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns.channels.bundle import BundleId, Call, CallBundle, Letter, LetterBundle, Pages
from campaigns.dispatch.claim import Taken
from campaigns.dispatch.context import Contexts, language_of
from campaigns.dispatch.messages import CannotWrite
from campaigns.rendering.environment import TemplateError
from campaigns.rendering.letter import LetterTemplate
from campaigns.rendering.postal import AddressProblem, PostalAddress
from campaigns.spec.campaign import Campaign
from campaigns.spec.reasons import EndReason
from campaigns.spec.words import Channel, Language

ADDRESS_SOURCE = "member register"


def material(template: str, language: Language) -> str:
    """The name of one printed matter: a template in one language."""
    return f"{template}-{language}"


@dataclass(frozen=True, slots=True)
class LetterBinder:
    """Writes letters; `templates` by material."""

    campaign: Campaign
    contexts: Contexts
    templates: Mapping[str, LetterTemplate]

    def write(self, taken: Taken, /) -> Letter:
        """The letter of a claimed delivery; CannotWrite when its address or a value of it is missing."""
        language = language_of(taken)
        contact = taken.contact
        address = PostalAddress.from_contact(
            first_name=contact["first_name"],
            last_name=contact["last_name"],
            street=contact["street"],
            postal_code=contact["postal_code"],
            city=contact["city"],
            language=language,
        )
        if isinstance(address, AddressProblem):
            raise CannotWrite(EndReason.NO_ADDRESS, address.value)
        name = material(template_of(self.campaign, taken.variant, Channel.POST), language)
        try:
            page = self.templates[name].fill(
                self.contexts.of(taken.contact, taken.claimed.position, taken.arm), address
            )
        except TemplateError as error:
            raise CannotWrite(EndReason.TEMPLATE_ERROR, str(error)) from error
        return Letter(taken.claimed, name, language, address.postal_code, address.rows, page)

    def bind(self, name: BundleId, items: Sequence[Letter], created_at: datetime, /) -> LetterBundle:
        """The bundle; its pages are drawn a material at a time."""

        def draw(of: str, letters: Sequence[Letter]) -> Pages:
            pages = self.templates[of].render_bundle([letter.page for letter in letters], created_at)
            return Pages(pages.pdf, pages.per_letter)

        return LetterBundle(name, items, draw, created_at, ADDRESS_SOURCE)


@dataclass(frozen=True, slots=True)
class CallBinder:
    """Writes the lines of a call list; `scripts` by material."""

    campaign: Campaign
    scripts: Mapping[str, str]

    def write(self, taken: Taken, /) -> Call:
        """The call of a claimed delivery: a number, a name and the script; nothing else leaves the house."""
        language = language_of(taken)
        name = " ".join(filter(None, (taken.contact["first_name"], taken.contact["last_name"])))
        template = template_of(self.campaign, taken.variant, Channel.PHONE)
        return Call(taken.claimed, material(template, language), language, name)

    def bind(self, name: BundleId, items: Sequence[Call], created_at: datetime, /) -> CallBundle:
        """The bundle with the scripts that its calls name."""
        named = {call.script for call in items}
        scripts = {script: text for script, text in self.scripts.items() if script in named}
        return CallBundle(name, items, scripts, created_at, ADDRESS_SOURCE)


def template_of(campaign: Campaign, variant: str, channel: Channel) -> str:
    """The template folder of a variant for a channel that it was planned for."""
    chosen = next(each for each in campaign.variants if each.name == variant)
    name = chosen.template(channel)
    if name is None:
        raise ValueError(f"the variant {variant} says nothing through {channel}")
    return name
