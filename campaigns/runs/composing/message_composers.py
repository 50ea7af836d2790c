"""Messages written for claimed deliveries: one pen for e-mail and one for SMS, templates compiled once a language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.core.clock import Clock
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.core.model.reasons import EndReason
from campaigns.rendering.email.email_template import EmailTemplate
from campaigns.rendering.email.mime import Envelope, Unsubscribe, assemble, demand_writable, extra_headers
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.claimed_message import CannotWrite, Taken
from campaigns.runs.composing.link_tracking import Ways
from campaigns.runs.composing.run_context import Job
from campaigns.runs.composing.template_context import Contexts, language_of

_WITHOUT_LIST = frozenset({Purpose.SERVICE, Purpose.RIGHTS})


@dataclass(frozen=True, slots=True)
class EmailPen:
    """Writes e-mails; `templates` by variant and language. `mark` stands before every subject, where there is one.

    Those of `shared` have their links led over us as one for everybody: for members who are not to be told apart.
    """

    job: Job
    contexts: Contexts
    templates: Mapping[tuple[str, Language], EmailTemplate]
    clock: Clock
    mark: str = ""
    shared: Mapping[tuple[str, Language], EmailTemplate] = field(default_factory=dict)
    ways: Ways = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ways", Ways(self.job))

    def __call__(self, taken: Taken, /) -> OutgoingEmail:
        """The message of a claimed delivery, whole; CannotWrite for a value that is missing or cannot be a header."""
        context = self.contexts.of(taken.contact, taken.claimed.position, taken.arm)
        try:
            is_own = not taken.claimed.member_id  # what our own people follow in proofs and seeds is counted nowhere
            is_followed = not is_own and bool(taken.contact["tracking"])
            template = (self.templates if is_own or is_followed else self.shared)[taken.variant, language_of(taken)]
            body = template.render(context)
            if self.mark:
                body = replace(body, subject=f"{self.mark} {body.subject}")
            if is_followed:
                body = replace(body, html=self.ways.lead(body.html, template, taken.claimed.position))
            envelope = self._envelope(taken)
            demand_writable(body)
        except (TemplateError, ValueError) as error:
            raise CannotWrite(EndReason.TEMPLATE_ERROR, str(error)) from error
        return OutgoingEmail(
            claimed=taken.claimed,
            assembled=partial(assemble, envelope, body),
            envelope_from=envelope.from_address,
            from_name=envelope.from_name,
            from_address=envelope.from_address,
            subject=body.subject,
            text=body.text,
            html=body.html,
            headers=extra_headers(envelope),
        )

    def _envelope(self, taken: Taken) -> Envelope:
        settings, language = self.job.settings, language_of(taken)
        domain = settings.channels.email.address.rpartition("@")[2]
        names = (taken.contact["first_name"], taken.contact["last_name"])
        return Envelope(
            date=self.clock.now(),
            message_id=f"{taken.claimed.opaque_id}@{domain}",
            from_name=settings.organisation.name.text(language),
            from_address=settings.channels.email.address,
            to_address=taken.claimed.address,
            to_name=" ".join(filter(None, names)) or None,
            feedback_id=f"{self.job.campaign.name}:{list_name(self.job.campaign)}:{self.job.campaign.purpose}:viesti",
            unsubscribe=self._unsubscribe(taken, language, domain),
        )

    def _unsubscribe(self, taken: Taken, language: Language, domain: str) -> Unsubscribe | None:
        campaign, settings = self.job.campaign, self.job.settings
        if campaign.purpose in _WITHOUT_LIST:
            return None
        link = self.contexts.links(taken.claimed.position)["unsubscribe"]
        title = settings.newsletters.get(campaign.newsletter or "", settings.organisation.name)
        return Unsubscribe(
            list_id=f"{list_name(campaign)}.{domain}",
            list_name=title.text(language),
            link=link,
            mailbox=settings.channels.email.unsubscribe,
            token=link.rpartition("/")[2],
        )


def list_name(campaign: Campaign) -> str:
    """The name of what one click unsubscribes from: the newsletter, else the purpose and whose it is (E-07, E-27)."""
    if campaign.newsletter is not None:
        return campaign.newsletter
    return f"{campaign.purpose}-partner" if campaign.from_partner else campaign.purpose.value


@dataclass(frozen=True, slots=True)
class SmsPen:
    """Writes text messages; `templates` by variant and language."""

    job: Job
    contexts: Contexts
    templates: Mapping[tuple[str, Language], SmsTemplate]
    clock: Clock

    def __call__(self, taken: Taken, /) -> OutgoingSms:
        """The message of a claimed delivery; CannotWrite for a missing value or for too many segments."""
        try:
            sms = self.templates[taken.variant, language_of(taken)].render(
                self.contexts.of(taken.contact, taken.claimed.position, taken.arm)
            )
        except TemplateError as error:
            raise CannotWrite(EndReason.TEMPLATE_ERROR, str(error)) from error
        if sms.segments > self.job.settings.channels.sms.max_segments:
            raise CannotWrite(EndReason.TOO_LONG, f"{sms.segments} segments")
        sender = self.job.settings.channels.sms.sender
        return OutgoingSms(taken.claimed, sender, sms.text, sms.encoding, sms.segments, self._valid_for())

    def _valid_for(self) -> timedelta | None:
        """How long it may stand in the provider's queue: no member is woken by a message of the day before (TW-11)."""
        now = self.clock.now()
        silent = self.job.quiet_from(Channel.SMS, now)
        return None if silent is None else silent - now
