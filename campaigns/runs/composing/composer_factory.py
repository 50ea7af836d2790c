"""Factory of a run's composers, with templates compiled once for each variant and language."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from campaigns.core.clock import Clock
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.offer import Offer
from campaigns.rendering.call_script import ScriptTemplate
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.letters.letter_template import LetterTemplate
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.folder import TemplateFolder, load_folder
from campaigns.runs.composing.bundle_composers import CallBinder, LetterBinder, material
from campaigns.runs.composing.link_tracking import Ways
from campaigns.runs.composing.message_composers import EmailPen, SmsPen
from campaigns.runs.composing.run_context import Job
from campaigns.runs.composing.template_context import Contexts
from campaigns.runs.planning.run_files import FrozenFields


@dataclass(frozen=True)
class Workshop:
    """Factory of the composers of one run, from the definition stored with its plan."""

    job: Job
    fields: FrozenFields
    offers: Mapping[str, Offer]
    clock: Clock

    def email(self) -> EmailPen:
        """Return the composer of e-mails."""
        folders = dict(self._folders(Channel.EMAIL))

        def compile_templates(
            link_rewriter: Callable[[str], str] | None,
        ) -> Mapping[tuple[str, Language], EmailTemplate]:
            return {
                (variant, language): EmailTemplate.compile(folder, language, self.job.settings, link_rewriter)
                for variant, folder in folders.items()
                for language in Language
            }

        return EmailPen(
            self.job,
            self._contexts,
            compile_templates(None),
            self.clock,
            shared=compile_templates(Ways(self.job).shared),
        )

    def sms(self) -> SmsPen:
        """Return the composer of text messages."""
        templates = {
            (variant, language): SmsTemplate.compile(folder, language, self.job.settings)
            for variant, folder in self._folders(Channel.SMS)
            for language in Language
        }
        return SmsPen(self.job, self._contexts, templates, self.clock)

    def letters(self) -> LetterBinder:
        """Return the composer of letters."""
        templates = {
            material(folder.name, language): LetterTemplate.compile(folder, language, self.job.settings)
            for _, folder in self._folders(Channel.POST)
            for language in Language
        }
        return LetterBinder(self.job.campaign, self._contexts, templates)

    def calls(self) -> CallBinder:
        """Return the composer of call lists."""
        templates = {
            material(folder.name, language): ScriptTemplate.compile(folder, language, self.job.settings)
            for _, folder in self._folders(Channel.PHONE)
            for language in Language
        }
        scripts = {
            name: template.render(self._contexts.shared(Language(name.rpartition("-")[2])))
            for name, template in templates.items()
        }
        return CallBinder(self.job.campaign, scripts)

    def _folders(self, channel: Channel) -> Iterator[tuple[str, TemplateFolder]]:
        for variant in self.job.campaign.variants:
            name = variant.template(channel)
            if name is not None:
                yield variant.name, load_folder(self.job.files.definition, channel, name)

    @cached_property
    def _contexts(self) -> Contexts:
        return Contexts(self.job, self.fields.row, self.offers)
