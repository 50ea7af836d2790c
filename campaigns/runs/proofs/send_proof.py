"""Proofs and seed copies of a campaign's messages, sent only to internal addresses listed in the settings."""

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from audiences import addresses
from audiences.people.contacts import contact_of
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError
from campaigns.core.errors import UserError, closest_match
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.internal_addresses import is_internal_address
from campaigns.core.model.phone_countries import takes_text_messages
from campaigns.core.model.settings import Settings
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.claimed_message import ComposeError
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import TemplateContexts, sample_codes
from campaigns.runs.planning.evidence import offer_names
from campaigns.runs.proofs.proof import (
    ProofMessage,
    ProofSender,
    SampleTemplateContexts,
    sample_arm,
    sample_contact,
)
from campaigns.runs.queries import Queries
from campaigns.store.people import audit
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import CampaignDefinition

_LOG: Final = logging.getLogger("viesti")
_UNMARKED: Final = ""


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """Request for a proof to the address `to` as typed; of a `member`'s own message, else of the template's sample."""

    address: str
    member: str | None = None
    language: Language | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class SentProof:
    """Proof that a provider accepted; `file` holds it, for a provider that writes files."""

    channel: Channel
    address: str
    variant: str
    language: Language
    provider: str
    provider_id: str
    file: Path | None


def send_proofs(queries: Queries, definition: CampaignDefinition, request: ProofRequest) -> list[SentProof]:
    """Send a proof of every variant in every language; those that `request` names are the only ones."""
    channel = empty_proof_to(request.address, queries.context.repository.settings.country).channel
    named = [request.variant] if request.variant else variants_for_channel(definition.campaign, channel)
    variants: list[str | None] = [*named] or [None]  # without any, the first proof says so
    languages = tuple(Language) if request.language is None else (request.language,)
    return [
        send_proof(queries, definition, replace(request, variant=variant, language=language))
        for variant in variants
        for language in languages
    ]


def send_proof(queries: Queries, definition: CampaignDefinition, request: ProofRequest) -> SentProof:
    """Send one message of a campaign to an internal address, with an audit row before it goes.

    The proof is in no plan, counts for no cap and no report, and its links have no effect. Raise UserError if the
    address is not internal, the message cannot be composed, or the provider did not accept it.
    """
    settings = queries.context.repository.settings
    empty_proof = empty_proof_to(request.address, settings.country)
    if not is_internal_address(empty_proof.address, settings.internal_addresses):
        message = "a proof goes only to addresses that the settings list as our own"
        hint = f"add it to `internal_addresses` in {queries.context.workspace.settings}"
        raise UserError.about(request.address, message, "not_internal", hint)
    _require_served(empty_proof, settings)
    proofs = ProofSender(
        proof_run_context(queries, definition.campaign),
        definition.root,
        queries.context.providers,
        queries.context.clock,
    )
    proof, contexts = _member_proof(queries, definition, request, proofs, empty_proof)
    with queries.context.ledger.write() as connection:
        detail = {"channel": proof.channel, "variant": proof.variant, "language": proof.language}
        audit.record(
            connection, queries.context.clock.now(), queries.context.actor, "proof", definition.campaign.name, detail
        )
    accepted = deliver_proof(proofs, proof, contexts)
    channels = settings.channels
    provider = channels.email.provider if proof.channel is Channel.EMAIL else channels.sms.provider
    return SentProof(
        proof.channel, proof.address, proof.variant, proof.language, provider, accepted.provider_id, accepted.file
    )


def deliver_proof(proofs: ProofSender, proof: ProofMessage, contexts: TemplateContexts) -> Accepted:
    """Compose and send a proof; raise UserError if that fails or the provider did not confirm it."""
    name = proofs.run_context.campaign.name
    try:
        outcome = asyncio.run(proofs.send(proof, contexts))
    except (ComposeError, TemplateError) as error:
        raise UserError.about(name, f"cannot be written: {error}", "cannot_be_written") from error
    except ChannelMisconfiguredError as error:
        raise UserError.about(proof.channel, str(error), "misconfigured", "`viesti doctor`") from error
    if isinstance(outcome, Accepted):
        return outcome
    message = f"the provider did not say that it took the message: {outcome.detail}"
    raise UserError.about(proof.channel, message, "not_accepted", "`viesti doctor`")


def empty_proof_to(text: str, country: str) -> ProofMessage:
    """Return an empty proof to an address in normal form, through the channel of that address."""
    email, phone = addresses.normalise_email(text), addresses.normalise_phone(text, country)
    if email is not None:
        return ProofMessage(Channel.EMAIL, email, "", None, {})
    if phone is not None:
        return ProofMessage(Channel.SMS, phone, "", None, {})
    message, hint = (
        "neither an e-mail address nor a telephone number",
        "`--to` one of the two; letters and calls are shown by `viesti preview`",
    )
    raise UserError.about(text, message, "bad_address", hint)


def _require_served(proof: ProofMessage, settings: Settings) -> None:
    if proof.channel is Channel.SMS and not takes_text_messages(proof.address, settings.sms_countries):
        message = f"not a mobile number of {', '.join(settings.sms_countries)}: text messages go to no other"
        raise UserError.about(proof.address, message, "country_not_served", "`channels.sms.countries` in the settings")


def proof_run_context(queries: Queries, campaign: Campaign) -> RunContext:
    """Return a run context without a run in the ledger; its number 0 gives links without effect."""
    repository = queries.context.repository
    run = Run(
        run_id=f"proof-{campaign.name}",
        number=0,
        campaign=campaign.name,
        purpose=campaign.purpose,
        due_at=queries.context.clock.now(),
        scheduled=False,
        state=RunState.PLANNED,
        evidence={"offer_names": offer_names(repository.offers, repository.catalogue)},
    )
    return RunContext(run, campaign, repository.settings, queries.context.signer, queries.run_definitions.files(run))


def _member_proof(
    queries: Queries,
    definition: CampaignDefinition,
    request: ProofRequest,
    proofs: ProofSender,
    empty_proof: ProofMessage,
) -> tuple[ProofMessage, TemplateContexts]:
    if request.member is None:
        return sample_proof(queries, definition.campaign, request, proofs, empty_proof)
    with queries.context.ledger.read() as connection:
        contact = dict(contact_of(connection, request.member))
    with queries.plan_without_saving(definition, queries.context.clock.now(), (request.member,)) as plan:
        decisions, fields = (
            plan.session.fetch_dicts(plan.ordered_decisions()),
            plan.session.fetch_dicts(plan.field_rows()),
        )
    if not fields:
        reason = decisions[0]["reason"] if decisions else "the audience does not take them"
        message = f"this member would get nothing: {reason}"
        raise UserError.about(request.member, message, "nothing_to_prove", "without `--member`, the sample is shown")
    decision = decisions[0]
    variant = _variant(definition.campaign, empty_proof.channel, request.variant or decision["variant"])
    offers = {offer.id: offer for offer in queries.context.repository.offers_of(definition)}
    contact |= {"language": request.language or contact["language"]}
    proof = replace(empty_proof, variant=variant, arm=decision["arm"], contact=contact)
    contexts = TemplateContexts(
        proofs.run_context, lambda _: fields[0], offers, channel=proof.channel, coupon_codes=sample_codes
    )
    return proof, contexts


def sample_proof(
    queries: Queries, campaign: Campaign, request: ProofRequest, proofs: ProofSender, empty_proof: ProofMessage
) -> tuple[ProofMessage, TemplateContexts]:
    """Return a proof filled from the template's sample, with the contexts to compose it."""
    variant = _variant(campaign, empty_proof.channel, request.variant)
    language = request.language or queries.context.repository.settings.default_language
    proof = replace(empty_proof, variant=variant, contact={"language": language})
    sample = proofs.template_folder(proof).sample(language)
    filled_proof = replace(proof, contact=sample_contact(sample, language), arm=sample_arm(sample))
    return filled_proof, SampleTemplateContexts(
        proofs.run_context, lambda _: {}, {}, channel=proof.channel, coupon_codes=sample_codes, sample=sample
    )


def _variant(campaign: Campaign, channel: Channel, variant: str | None) -> str:
    """Return the requested variant, else the first one with a template for the channel."""
    variants = variants_for_channel(campaign, channel)
    if variant is None and variants:
        return variants[0]
    if variant in variants:
        return str(variant)
    subject = f"the variant `{variant}`" if variant else campaign.name
    hint = closest_match(variant or "", variants) or ", ".join(variants)
    raise UserError.about(campaign.name, f"{subject} has no template for {channel}", "no_template", hint)


def variants_for_channel(campaign: Campaign, channel: Channel) -> list[str]:
    """Return the variants with a template for a channel."""
    return [variant.name for variant in campaign.variants if variant.template(channel) is not None]


def send_seed_copies(queries: Queries, run: Run, campaign: Campaign) -> None:
    """Send each seed a copy of every variant that its channel carries, filled from the template's sample (A-20).

    Seeds are our own mailboxes and telephones. Called once, when the run was started; a crash right then leaves the
    seeds without their copies. Copies have no decision and no delivery, so that no plan, cap, balance or report counts
    them. A failed copy is logged and delays neither the others nor the run.
    """
    root = queries.run_definitions.files(run).definition
    proofs = ProofSender(
        proof_run_context(queries, campaign), root, queries.context.providers, queries.context.clock, _UNMARKED
    )
    settings = queries.context.repository.settings
    for number, seed in enumerate(settings.seeds, 1):
        empty_proof = empty_proof_to(seed.address, settings.country)
        for variant in variants_for_channel(campaign, empty_proof.channel):
            try:
                request = ProofRequest(seed.address, language=seed.language, variant=variant)
                deliver_proof(proofs, *sample_proof(queries, campaign, request, proofs, empty_proof))
            except UserError as error:
                _LOG.warning("%s: seed %d got no `%s`: %s", run.run_id, number, variant, error)
