"""Factory of a run's composers, with templates compiled once for each variant and language."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from campaigns.core.clock import Clock
from campaigns.core.coupon_keys import CouponKeys
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.offer import Offer
from campaigns.offers.coupons.run_coupons import RunCoupons
from campaigns.rendering.call_script import CallScriptTemplate
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.letters.letter_pictures import IMAGES_FOLDER, OfferPictures
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.folder import TemplateFolder, load_template_folder
from campaigns.runs.composing.bundle_composers import CallListComposer, LetterComposer, material_name
from campaigns.runs.composing.link_tracking import LinkTracker
from campaigns.runs.composing.message_composers import EmailComposer, SmsComposer
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import TemplateContexts
from campaigns.runs.planning.run_files import FrozenFields


@dataclass(frozen=True)
class ComposerFactory:
    """Factory of the composers of one run, from the definition stored with its plan.

    Every composer raises UserError when it is made without a key that made codes of the run's coupons.
    """

    run_context: RunContext
    fields: FrozenFields
    offers: Mapping[str, Offer]
    clock: Clock
    coupon_keys: CouponKeys = field(default_factory=CouponKeys)

    def email_composer(self) -> EmailComposer:
        """Return the composer of e-mails."""
        folders = dict(self._folders(Channel.EMAIL))

        def compile_templates(
            link_rewriter: Callable[[str], str] | None,
        ) -> Mapping[tuple[str, Language], EmailTemplate]:
            return {
                (variant, language): EmailTemplate.compile(folder, language, self.run_context.settings, link_rewriter)
                for variant, folder in folders.items()
                for language in Language
            }

        return EmailComposer(
            self.run_context,
            self._contexts(Channel.EMAIL),
            compile_templates(None),
            self.clock,
            shared=compile_templates(LinkTracker(self.run_context).shared_link),
        )

    def sms_composer(self) -> SmsComposer:
        """Return the composer of text messages."""
        templates = {
            (variant, language): SmsTemplate.compile(folder, language, self.run_context.settings)
            for variant, folder in self._folders(Channel.SMS)
            for language in Language
        }
        return SmsComposer(self.run_context, self._contexts(Channel.SMS), templates, self.clock)

    def letter_composer(self) -> LetterComposer:
        """Return the composer of letters."""
        pictures = OfferPictures(self.run_context.files.definition / IMAGES_FOLDER)
        templates = {
            material_name(folder.name, language): LetterTemplate.compile(
                folder, language, self.run_context.settings, pictures
            )
            for _, folder in self._folders(Channel.POST)
            for language in Language
        }
        return LetterComposer(self.run_context.campaign, self._contexts(Channel.POST), templates)

    def call_list_composer(self) -> CallListComposer:
        """Return the composer of call lists."""
        templates = {
            material_name(folder.name, language): CallScriptTemplate.compile(
                folder, language, self.run_context.settings
            )
            for _, folder in self._folders(Channel.PHONE)
            for language in Language
        }
        return CallListComposer(self.run_context.campaign, self._contexts(Channel.PHONE), templates)

    def _folders(self, channel: Channel) -> Iterator[tuple[str, TemplateFolder]]:
        for variant in self.run_context.campaign.variants:
            name = variant.template(channel)
            if name is not None:
                yield variant.name, load_template_folder(self.run_context.files.definition, channel, name)

    def _contexts(self, channel: Channel) -> TemplateContexts:
        coupons = self._coupons()
        return TemplateContexts(
            self.run_context, self.fields.row, self.offers, channel=channel, coupon_codes=coupons.code
        )

    def _coupons(self) -> RunCoupons:
        """Return the coupons of the run; raise UserError before anything is claimed when a key is missing."""
        run, prefix = self.run_context.run, self.run_context.settings.coupons.prefix
        key_numbers = run.counts.get("coupon_keys", {})
        coupons = RunCoupons(run.run_id, run.counts.get("offer_ids", ()), key_numbers, self.coupon_keys, prefix)
        for pool in key_numbers:
            coupons.maker(pool)
        return coupons
