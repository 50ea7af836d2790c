"""Proofs: one message as a member would get it, sent to an internal address. No plan, no delivery, no counting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from campaigns.channels.claimed_delivery import create_claimed_proof
from campaigns.channels.outcome import Outcome
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.channels.registry import ChannelProviders
from campaigns.core.clock import Clock
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from campaigns.runs.composing.bundle_composers import template_name
from campaigns.runs.composing.claimed_message import ClaimedMessage
from campaigns.runs.composing.message_composers import EmailComposer, SmsComposer
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import TemplateContexts

PROOF_PREFIX: Final = "[proof]"
MEMBER_PROOF: Final = "proof of a member"
"""Scope of the name of a member in the folder of their proofs: erasure finds it by the member id."""

_CONTACT_FIELDS: Final = ("first_name", "last_name", "street", "postal_code", "city", "register")
_SEND_TIMEOUT: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ProofMessage:
    """Message of a variant to an internal `address`, composed for `contact`."""

    channel: Channel
    address: str = field(repr=False)
    variant: str
    arm: str | None
    contact: Mapping[str, Any] = field(repr=False)

    @property
    def language(self) -> Language:
        """Return the language of the message."""
        return Language(self.contact["language"])


@dataclass
class SampleTemplateContexts(TemplateContexts):
    """Template contexts with the values of a template's sample instead of a member's."""

    sample: Mapping[str, object] = field(kw_only=True)

    def build(self, contact: Mapping[Any, Any], position: int, arm: str | None) -> dict[str, object]:
        """Return the sample's values, the campaign's common values, and links without effect."""
        return {
            "store": None,
            **self.sample,
            **self.common_values(Language(contact["language"])),
            "links": self.links(position),
            "arm": arm,
        }


def sample_contact(sample: Mapping[str, object], language: Language) -> dict[str, Any]:
    """Return the contact of the member whom a template's sample invents."""
    member = sample.get("member")
    values: Mapping[str, Any] = member if isinstance(member, Mapping) else {}
    return {**{name: values.get(name) for name in _CONTACT_FIELDS}, "language": language}


def sample_arm(sample: Mapping[str, object]) -> str | None:
    """Return the arm of a template's sample; None without one."""
    arm = sample.get("arm")
    return arm if isinstance(arm, str) else None


@dataclass(frozen=True, slots=True)
class ProofSender:
    """Sender of a campaign's proofs; templates are read below `root`, and `subject_prefix` precedes each subject."""

    run_context: RunContext
    root: Path
    providers: ChannelProviders
    clock: Clock
    subject_prefix: str = PROOF_PREFIX

    def template_folder(self, proof: ProofMessage) -> TemplateFolder:
        """Return the template folder of a proof."""
        return load_template_folder(
            self.root, proof.channel, template_name(self.run_context.campaign, proof.variant, proof.channel)
        )

    async def send(self, proof: ProofMessage, contexts: TemplateContexts) -> Outcome:
        """Send a proof; raise ComposeError, ChannelMisconfiguredError, or ValueError if the address is not internal."""
        delivery = self._delivery(proof)
        if proof.channel is Channel.EMAIL:
            email, email_message = self.providers.email, self._email(proof, contexts, delivery)
            await email.open()
            try:
                return await email.send(email_message)
            finally:
                await email.close()
        sms, sms_message = self.providers.sms, self._sms(proof, contexts, delivery)
        await sms.open()
        try:
            return await sms.send(sms_message)
        finally:
            await sms.close()

    def _delivery(self, proof: ProofMessage) -> ClaimedMessage:
        claimed = create_claimed_proof(
            opaque_id=self.run_context.signer.keyed_hash("proof", token_hex(16)),
            attempt=token_hex(8),
            run="-".join((self.run_context.run.run_id, *self._member_name(proof))),
            channel=proof.channel,
            address=proof.address,
            settings=self.run_context.settings,
        )
        return ClaimedMessage(claimed, proof.contact, proof.variant, proof.arm, self.clock.now() + _SEND_TIMEOUT)

    def _member_name(self, proof: ProofMessage) -> tuple[str, ...]:
        """Return the opaque name of the member whose values the proof shows; none for the template's sample."""
        member_id = proof.contact.get("member_id")
        return () if member_id is None else (self.run_context.signer.keyed_hash(MEMBER_PROOF, member_id),)

    def _email(self, proof: ProofMessage, contexts: TemplateContexts, delivery: ClaimedMessage) -> OutgoingEmail:
        template = EmailTemplate.compile(self.template_folder(proof), proof.language, self.run_context.settings)
        return EmailComposer(
            self.run_context, contexts, {(proof.variant, proof.language): template}, self.clock, self.subject_prefix
        )(delivery)

    def _sms(self, proof: ProofMessage, contexts: TemplateContexts, delivery: ClaimedMessage) -> OutgoingSms:
        template = SmsTemplate.compile(self.template_folder(proof), proof.language, self.run_context.settings)
        return SmsComposer(self.run_context, contexts, {(proof.variant, proof.language): template}, self.clock)(
            delivery
        )
