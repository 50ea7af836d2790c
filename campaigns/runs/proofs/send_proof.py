"""Proofs of a campaign, for our own eyes: refused for every address that the settings do not list."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from audiences import addresses
from audiences.people.contacts import contact_of
from campaigns.channels.outcome import Accepted, ChannelMisconfigured
from campaigns.core.errors import AuthorError, nearest
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.internal_addresses import is_internal
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.composing.claimed_message import CannotWrite
from campaigns.runs.composing.run_context import Job
from campaigns.runs.composing.template_context import Contexts
from campaigns.runs.proofs.proof import Proof, Proofs, SampleContexts
from campaigns.runs.queries import Asking
from campaigns.store.people import audit
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import Draft

_CONTACT: Final = ("first_name", "last_name", "street", "postal_code", "city", "register")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see: `to` as typed; with a `member` their own message, else the template's sample."""

    to: str
    member: str | None = None
    language: Language | None = None
    variant: str | None = None


def send_proof(asking: Asking, draft: Draft, wanted: Wanted) -> Accepted:
    """Send one message of a campaign to one of our own; audited before it goes.

    It is in no plan, counts for no cap and no report, and its links lead nowhere. AuthorError for an address that is
    not internal, for what keeps the message from being written, and when the provider did not take it.
    """
    blank = proof_to(wanted.to)
    settings = asking.library.settings
    if not is_internal(blank.address, settings.internal_addresses):
        message = "a proof goes only to addresses that the settings list as our own"
        hint = f"add it to `internal_addresses` in {asking.workspace.settings}"
        raise AuthorError.about(wanted.to, message, "not_internal", hint)
    proofs = Proofs(unlinked_job(asking, draft.campaign), draft.root, asking.providers, asking.clock)
    proof, contexts = _of_member(asking, draft, wanted, proofs, blank)
    with asking.ledger.write() as connection:
        detail = {"channel": proof.channel, "variant": proof.variant, "language": proof.language}
        audit.note(connection, asking.clock.now(), asking.actor, "proof", draft.campaign.name, detail)
    return deliver(proofs, proof, contexts)


def deliver(proofs: Proofs, proof: Proof, contexts: Contexts) -> Accepted:
    """Write and send one; AuthorError when that cannot be, or the provider did not say that it took it."""
    name = proofs.job.campaign.name
    try:
        outcome = asyncio.run(proofs.send(proof, contexts))
    except (CannotWrite, TemplateError) as error:
        raise AuthorError.about(name, f"cannot be written: {error}", "cannot_be_written") from error
    except ChannelMisconfigured as error:
        raise AuthorError.about(proof.channel, str(error), "misconfigured", "`viesti doctor`") from error
    if isinstance(outcome, Accepted):
        return outcome
    message = f"the provider did not say that it took the message: {outcome.detail}"
    raise AuthorError.about(proof.channel, message, "not_accepted", "`viesti doctor`")


def proof_to(written: str) -> Proof:
    """A proof of nothing yet, to an address as the ledger would write it, through the channel that leads there."""
    email, phone = addresses.email(written), addresses.phone(written)
    if email is not None:
        return Proof(Channel.EMAIL, email, "", None, {})
    if phone is not None:
        return Proof(Channel.SMS, phone, "", None, {})
    message, hint = (
        "neither an e-mail address nor a telephone number",
        "`--to` one of the two; letters and calls are shown by `viesti preview`",
    )
    raise AuthorError.about(written, message, "bad_address", hint)


def unlinked_job(asking: Asking, campaign: Campaign) -> Job:
    """The job of a run that there is not: number 0 is nobody's, so that its links lead nowhere."""
    run = Run(
        run_id=f"proof-{campaign.name}",
        number=0,
        campaign=campaign.name,
        purpose=campaign.purpose,
        due_at=asking.clock.now(),
        scheduled=False,
        state=RunState.PLANNED,
    )
    return Job(run, campaign, asking.library.settings, asking.signer, asking.run_files(run))


def _of_member(asking: Asking, draft: Draft, wanted: Wanted, proofs: Proofs, blank: Proof) -> tuple[Proof, Contexts]:
    if wanted.member is None:
        return of_sample(asking, draft.campaign, wanted, proofs, blank)
    with asking.ledger.read() as connection:
        contact = dict(contact_of(connection, wanted.member))
    with asking.decided(draft, asking.clock.now(), (wanted.member,)) as made:
        decisions, fields = made.bench.dicts(made.rows()), made.bench.dicts(made.fields())
    if not fields:
        why = decisions[0]["reason"] if decisions else "the audience does not take them"
        message = f"this member would get nothing: {why}"
        raise AuthorError.about(wanted.member, message, "nothing_to_prove", "without `--member`, the sample is shown")
    decided = decisions[0]
    variant = _variant(draft.campaign, blank.channel, wanted.variant or decided["variant"])
    offers = {offer.id: offer for offer in asking.library.offers}
    contact |= {"language": wanted.language or contact["language"]}
    proof = replace(blank, variant=variant, arm=decided["arm"], contact=contact)
    return proof, Contexts(proofs.job, lambda _: fields[0], offers)


def of_sample(
    asking: Asking, campaign: Campaign, wanted: Wanted, proofs: Proofs, blank: Proof
) -> tuple[Proof, Contexts]:
    """The proof filled in from the sample of the template, and what it is written with."""
    variant = _variant(campaign, blank.channel, wanted.variant)
    language = wanted.language or asking.library.settings.default_language
    proof = replace(blank, variant=variant, contact={"language": language})
    sample = proofs.folder(proof).sample(language)
    member = sample.get("member")
    known: Mapping[str, Any] = member if isinstance(member, Mapping) else {}
    arm = sample.get("arm")
    contact = {**{name: known.get(name) for name in _CONTACT}, "language": language}
    written = replace(proof, contact=contact, arm=arm if isinstance(arm, str) else None)
    return written, SampleContexts(proofs.job, lambda _: {}, {}, sample=sample)


def _variant(campaign: Campaign, channel: Channel, asked: str | None) -> str:
    """The variant that is asked for, else the first that says something through the channel."""
    found = speaking(campaign, channel)
    if asked is None and found:
        return found[0]
    if asked in found:
        return str(asked)
    named = f"the variant `{asked}`" if asked else campaign.name
    hint = nearest(asked or "", found) or ", ".join(found)
    raise AuthorError.about(campaign.name, f"{named} says nothing by {channel}", "no_template", hint)


def speaking(campaign: Campaign, channel: Channel) -> list[str]:
    """The variants that say something through a channel."""
    return [variant.name for variant in campaign.variants if variant.template(channel) is not None]


_LOG: Final = logging.getLogger("viesti")
_UNMARKED: Final = ""


def send_seeds(asking: Asking, run: Run, campaign: Campaign) -> None:
    """Send every seed each variant that its channel carries, as the run planned it, filled from the template's sample.

    Called once, when the run was started; a crash right then leaves the seeds without their copies. They have no
    decision and no delivery, so that no plan, cap, balance or report knows of them. One that fails is logged, and
    holds up neither the others nor the run.
    """
    root = asking.run_files(run).definition
    proofs = Proofs(unlinked_job(asking, campaign), root, asking.providers, asking.clock, _UNMARKED)
    for number, seed in enumerate(asking.library.settings.seeds, 1):
        blank = proof_to(seed.address)
        for variant in speaking(campaign, blank.channel):
            try:
                wanted = Wanted(seed.address, language=seed.language, variant=variant)
                deliver(proofs, *of_sample(asking, campaign, wanted, proofs, blank))
            except AuthorError as error:
                _LOG.warning("%s: seed %d got no `%s`: %s", run.run_id, number, variant, error)
