"""A proof: one message as a member would get it, sent to one of our own. No plan, no delivery, nothing counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from campaigns.channels.claimed_delivery import mint_proof
from campaigns.channels.outcome import Outcome
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.channels.registry import Providers
from campaigns.core.clock import Clock
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.folder import TemplateFolder, load_folder
from campaigns.runs.composing.bundle_composers import template_of
from campaigns.runs.composing.claimed_message import Taken
from campaigns.runs.composing.message_composers import EmailPen, SmsPen
from campaigns.runs.composing.run_context import Job
from campaigns.runs.composing.template_context import Contexts

MARK: Final = "[proof]"
_PATIENCE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is shown to whom: a variant's message to an internal `address`, written for `contact`."""

    channel: Channel
    address: str = field(repr=False)
    variant: str
    arm: str | None
    contact: Mapping[str, Any] = field(repr=False)

    @property
    def language(self) -> Language:
        """The language that it is written in."""
        return Language(self.contact["language"])


@dataclass
class SampleContexts(Contexts):
    """Contexts that are filled from a template's sample instead of a member."""

    sample: Mapping[str, object] = field(kw_only=True)

    def of(self, contact: Mapping[Any, Any], position: int, arm: str | None) -> dict[str, object]:
        """The sample, with what every message of the campaign says, and links that lead nowhere."""
        return {
            **self.sample,
            **self.shared(Language(contact["language"])),
            "links": self.links(position),
            "arm": arm,
        }


@dataclass(frozen=True, slots=True)
class Proofs:
    """Writes and sends proofs of one campaign, whose templates are read below `root`; `mark` begins their subjects."""

    job: Job
    root: Path
    providers: Providers
    clock: Clock
    mark: str = MARK

    def folder(self, proof: Proof) -> TemplateFolder:
        """The template that a proof is of."""
        return load_folder(self.root, proof.channel, template_of(self.job.campaign, proof.variant, proof.channel))

    async def send(self, proof: Proof, contexts: Contexts) -> Outcome:
        """Send one; raises CannotWrite, ChannelMisconfigured, or ValueError for an address that is not internal."""
        taken = self._taken(proof)
        if proof.channel is Channel.EMAIL:
            email, mail = self.providers.email, self._email(proof, contexts, taken)
            await email.open()
            try:
                return await email.send(mail)
            finally:
                await email.close()
        sms, text = self.providers.sms, self._sms(proof, contexts, taken)
        await sms.open()
        try:
            return await sms.send(text)
        finally:
            await sms.close()

    def _taken(self, proof: Proof) -> Taken:
        claimed = mint_proof(
            opaque_id=self.job.signer.opaque("proof", token_hex(16)),
            attempt=token_hex(8),
            run=self.job.run.run_id,
            channel=proof.channel,
            address=proof.address,
            settings=self.job.settings,
        )
        return Taken(claimed, proof.contact, proof.variant, proof.arm, self.clock.now() + _PATIENCE)

    def _email(self, proof: Proof, contexts: Contexts, taken: Taken) -> OutgoingEmail:
        template = EmailTemplate.compile(self.folder(proof), proof.language, self.job.settings)
        return EmailPen(self.job, contexts, {(proof.variant, proof.language): template}, self.clock, self.mark)(taken)

    def _sms(self, proof: Proof, contexts: Contexts, taken: Taken) -> OutgoingSms:
        template = SmsTemplate.compile(self.folder(proof), proof.language, self.job.settings)
        return SmsPen(self.job, contexts, {(proof.variant, proof.language): template}, self.clock)(taken)
