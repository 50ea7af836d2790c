"""Composers of e-mails and text messages for claimed deliveries; templates are compiled once for each language."""

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
from campaigns.rendering.email.mime import (
    MessageHeaders,
    OneClickUnsubscribe,
    assemble_message,
    extra_headers,
    require_encodable,
)
from campaigns.rendering.sms.sms_template import SmsTemplate
from campaigns.rendering.templates.coupon_values import coupon_pictures
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.claimed_message import ClaimedMessage, ComposeError
from campaigns.runs.composing.link_tracking import LinkTracker
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import TemplateContexts, message_language

_PURPOSES_WITHOUT_LIST = frozenset({Purpose.SERVICE, Purpose.RIGHTS})


@dataclass(frozen=True, slots=True)
class EmailComposer:
    """Composer of e-mails; `templates` are keyed by variant and language. `subject_prefix` precedes every subject.

    `shared` templates use one tracking link for all recipients, for members without tracking consent.
    """

    run_context: RunContext
    contexts: TemplateContexts
    templates: Mapping[tuple[str, Language], EmailTemplate]
    clock: Clock
    subject_prefix: str = ""
    shared: Mapping[tuple[str, Language], EmailTemplate] = field(default_factory=dict)
    link_tracker: LinkTracker = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "link_tracker", LinkTracker(self.run_context))

    def __call__(self, delivery: ClaimedMessage, /) -> OutgoingEmail:
        """Return the complete e-mail of a claimed delivery.

        Raise ComposeError if a template value is missing or unfit for a header.
        """
        context = self.contexts.build(delivery.contact, delivery.claimed.position, delivery.arm)
        try:
            is_internal = not delivery.claimed.member_id  # links in proofs and seeds are not tracked
            is_tracked = not is_internal and bool(delivery.contact["tracking"])
            template = (self.templates if is_internal or is_tracked else self.shared)[
                delivery.variant, message_language(delivery)
            ]
            position = delivery.claimed.position if is_tracked else None
            offers = context["offers"] if is_internal else self.link_tracker.lead_offers(context["offers"], position)
            body = template.render(context, {"offers": offers})
            if self.subject_prefix:
                body = replace(body, subject=f"{self.subject_prefix} {body.subject}")
            if is_tracked:
                body = replace(body, html=self.link_tracker.track_links(body.html, template, delivery.claimed.position))
            pictures = coupon_pictures(context, body.html)
            envelope = self._envelope(delivery)
            require_encodable(body)
        except (TemplateError, ValueError) as error:
            raise ComposeError(EndReason.TEMPLATE_ERROR, str(error)) from error
        return OutgoingEmail(
            claimed=delivery.claimed,
            assemble=partial(assemble_message, envelope, body, pictures),
            envelope_from=envelope.from_address,
            from_name=envelope.from_name,
            from_address=envelope.from_address,
            subject=body.subject,
            text=body.text,
            html=body.html,
            headers=extra_headers(envelope),
            pictures=pictures,
        )

    def _envelope(self, delivery: ClaimedMessage) -> MessageHeaders:
        settings, language = self.run_context.settings, message_language(delivery)
        domain = settings.channels.email.address.rpartition("@")[2]
        names = (delivery.contact["first_name"], delivery.contact["last_name"])
        return MessageHeaders(
            date=self.clock.now(),
            message_id=f"{delivery.claimed.opaque_id}@{domain}",
            from_name=settings.organisation.name.text(language),
            from_address=settings.channels.email.address,
            to_address=delivery.claimed.address,
            to_name=" ".join(filter(None, names)) or None,
            feedback_id=f"{self.run_context.campaign.name}:{list_name(self.run_context.campaign)}:{self.run_context.campaign.purpose}:viesti",
            unsubscribe=self._unsubscribe(delivery, language, domain),
        )

    def _unsubscribe(self, delivery: ClaimedMessage, language: Language, domain: str) -> OneClickUnsubscribe | None:
        campaign, settings = self.run_context.campaign, self.run_context.settings
        if campaign.purpose in _PURPOSES_WITHOUT_LIST:
            return None
        link = self.contexts.links(delivery.claimed.position)["unsubscribe"]
        title = settings.newsletters.get(campaign.newsletter or "", settings.organisation.name)
        return OneClickUnsubscribe(
            list_id=f"{list_name(campaign)}.{domain}",
            list_name=title.text(language),
            link=link,
            mailbox=settings.channels.email.unsubscribe,
            token=link.rpartition("/")[2],
        )


def list_name(campaign: Campaign) -> str:
    """Return the name of the list that one click unsubscribes from (E-07, E-27).

    The newsletter, else the purpose, with a suffix for messages of a partner.
    """
    if campaign.newsletter is not None:
        return campaign.newsletter
    return f"{campaign.purpose}-partner" if campaign.from_partner else campaign.purpose.value


@dataclass(frozen=True, slots=True)
class SmsComposer:
    """Composer of text messages; `templates` are keyed by variant and language."""

    run_context: RunContext
    contexts: TemplateContexts
    templates: Mapping[tuple[str, Language], SmsTemplate]
    clock: Clock

    def __call__(self, delivery: ClaimedMessage, /) -> OutgoingSms:
        """Return the text message of a delivery; raise ComposeError for a missing value or too many segments."""
        try:
            sms = self.templates[delivery.variant, message_language(delivery)].render(
                self.contexts.build(delivery.contact, delivery.claimed.position, delivery.arm)
            )
        except TemplateError as error:
            raise ComposeError(EndReason.TEMPLATE_ERROR, str(error)) from error
        if sms.segments > self.run_context.settings.channels.sms.max_segments:
            raise ComposeError(EndReason.TOO_LONG, f"{sms.segments} segments")
        sender = self.run_context.settings.channels.sms.sender
        return OutgoingSms(delivery.claimed, sender, sms.text, sms.encoding, sms.segments, self._valid_for())

    def _valid_for(self) -> timedelta | None:
        """Return how long the provider may queue the message: until quiet hours, so that it wakes no member (TW-11)."""
        now = self.clock.now()
        quiet_start = self.run_context.next_quiet_hours_start(Channel.SMS, now)
        return None if quiet_start is None else quiet_start - now
