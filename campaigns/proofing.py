"""Proofs of a campaign, for our own eyes: refused for every address that the settings do not list."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from audiences import addresses
from audiences.people import contact_of
from campaigns.channels.outcome import Accepted, ChannelMisconfigured, Outcome
from campaigns.dispatch.context import Contexts
from campaigns.dispatch.job import Job
from campaigns.dispatch.messages import CannotWrite
from campaigns.dispatch.proof import Proof, Proofs, SampleContexts
from campaigns.engine import Engine
from campaigns.errors import AuthorError, nearest
from campaigns.planning.draft import Draft
from campaigns.rendering.environment import TemplateError
from campaigns.spec.campaign import Campaign
from campaigns.spec.internal import is_internal
from campaigns.spec.words import Channel, Language
from campaigns.store import audit
from campaigns.store.tables import Run
from campaigns.store.words import RunState

_CONTACT: Final = ("first_name", "last_name", "street", "postal_code", "city", "register")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see: `to` as typed; with a `member` their own message, else the template's sample."""

    to: str
    member: str | None = None
    language: Language | None = None
    variant: str | None = None


def send_proof(engine: Engine, draft: Draft, wanted: Wanted) -> Accepted:
    """Send one message of a campaign to one of our own; audited before it goes.

    It is in no plan, counts for no cap and no report, and its links lead nowhere. AuthorError for an address that is
    not internal, for what keeps the message from being written, and when the provider did not take it.
    """
    channel, address = _address(wanted.to)
    settings = engine.library.settings
    if not is_internal(address, settings.internal_addresses):
        message = "a proof goes only to addresses that the settings list as our own"
        hint = f"add it to `internal_addresses` in {engine.workspace.settings}"
        raise AuthorError.about(wanted.to, message, "not_internal", hint)
    proofs = Proofs(_job(engine, draft), draft.root, engine.providers, engine.clock)
    proof, contexts = _of_member(engine, draft, wanted, proofs, Proof(channel, address, "", None, {}))
    with engine.ledger.write() as connection:
        detail = {"channel": channel, "variant": proof.variant, "language": proof.language}
        audit.note(connection, engine.clock.now(), engine.actor, "proof", draft.campaign.name, detail)
    try:
        outcome = asyncio.run(proofs.send(proof, contexts))
    except CannotWrite as error:
        raise AuthorError.about(draft.campaign.name, f"cannot be written: {error}", error.reason.value) from error
    except TemplateError as error:
        raise AuthorError.about(draft.campaign.name, f"cannot be written: {error}", "template_error") from error
    except ChannelMisconfigured as error:
        raise AuthorError.about(channel, str(error), "misconfigured", "`viesti doctor`") from error
    return _accepted(channel, outcome)


def _accepted(channel: Channel, outcome: Outcome) -> Accepted:
    if isinstance(outcome, Accepted):
        return outcome
    message = f"the provider did not say that it took the proof: {outcome.detail}"
    raise AuthorError.about(channel, message, "not_accepted", "`viesti doctor`")


def _address(written: str) -> tuple[Channel, str]:
    """The channel of an address, and the address as the ledger would write it."""
    email, phone = addresses.email(written), addresses.phone(written)
    if email is not None:
        return Channel.EMAIL, email
    if phone is not None:
        return Channel.SMS, phone
    message, hint = "neither an e-mail address nor a telephone number", "letters and calls: `viesti preview`"
    raise AuthorError.about(written, message, "bad_address", hint)


def _job(engine: Engine, draft: Draft) -> Job:
    """The job of a run that there is not: number 0 is nobody's, so that its links lead nowhere."""
    campaign = draft.campaign
    run = Run(
        run_id=f"proof-{campaign.name}",
        number=0,
        campaign=campaign.name,
        purpose=campaign.purpose,
        due_at=engine.clock.now(),
        scheduled=False,
        state=RunState.PLANNED,
    )
    return Job(run, campaign, engine.library.settings, engine.signer, engine.run_files(run))


def _of_member(engine: Engine, draft: Draft, wanted: Wanted, proofs: Proofs, blank: Proof) -> tuple[Proof, Contexts]:
    if wanted.member is None:
        return _of_sample(engine, draft.campaign, wanted, proofs, blank)
    with engine.ledger.read() as connection:
        contact = dict(contact_of(connection, wanted.member))
    with engine.decided(draft, engine.clock.now(), (wanted.member,)) as made:
        decisions, fields = made.bench.dicts(made.rows()), made.bench.dicts(made.fields())
    if not fields:
        why = decisions[0]["reason"] if decisions else "the audience does not take them"
        message = f"this member would get nothing: {why}"
        raise AuthorError.about(wanted.member, message, "nothing_to_prove", "without `--member`, the sample is shown")
    decided = decisions[0]
    variant = _variant(draft.campaign, blank.channel, wanted.variant or decided["variant"])
    offers = {offer.id: offer for offer in engine.library.offers}
    contact |= {"language": wanted.language or contact["language"]}
    proof = replace(blank, variant=variant, arm=decided["arm"], contact=contact)
    return proof, Contexts(proofs.job, lambda _: fields[0], offers)


def _of_sample(
    engine: Engine, campaign: Campaign, wanted: Wanted, proofs: Proofs, blank: Proof
) -> tuple[Proof, Contexts]:
    variant = _variant(campaign, blank.channel, wanted.variant)
    language = wanted.language or engine.library.settings.default_language
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
    speaking = [variant.name for variant in campaign.variants if variant.template(channel) is not None]
    if asked is None and speaking:
        return speaking[0]
    if asked in speaking:
        return str(asked)
    named = f"the variant `{asked}`" if asked else campaign.name
    hint = nearest(asked or "", speaking) or ", ".join(speaking)
    raise AuthorError.about(campaign.name, f"{named} says nothing by {channel}", "no_template", hint)
