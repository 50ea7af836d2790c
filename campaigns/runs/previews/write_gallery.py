"""Gallery of a campaign, written as one private file: samples of every variant, and a few members of its last plan."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.core.private_files import make_private_folder, write_private
from campaigns.rendering.gallery.entries import Gallery, GalleryEntry
from campaigns.rendering.gallery.gallery_page import render_gallery
from campaigns.runs.composing.bundle_composers import template_name
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.composing.template_context import TemplateContexts, sample_codes
from campaigns.runs.previews.message_views import MessageViews, problem_lines
from campaigns.runs.previews.planned_members import PlannedMember, draw_members
from campaigns.runs.proofs.proof import SampleTemplateContexts, sample_arm, sample_contact
from campaigns.runs.proofs.send_proof import proof_run_context
from campaigns.runs.queries import Queries
from campaigns.store.people import audit
from campaigns.store.runs.run_tables import Run
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.context import Context

GALLERY_FILE: Final = "gallery.html"
_MEMBERS_FILE: Final = "members.json"
_FOLDER: Final = "_galleries"  # no file name that stands for a member begins with `_`


@dataclass(frozen=True, slots=True)
class GalleryRequest:
    """Request for a gallery: its language, and how many members by which seed."""

    language: Language
    members: int
    seed: int = 1
    may_see_members: bool = True


@dataclass(frozen=True, slots=True)
class WrittenGallery:
    """Gallery, the file that it was written to, and the problems that kept members out of it."""

    gallery: Gallery
    file: Path
    problems: tuple[Problem, ...]


def write_gallery(queries: Queries, definition: CampaignDefinition, request: GalleryRequest) -> WrittenGallery:
    """Write the gallery of a campaign, with an audit row for each member before their message is written."""
    context, campaign = queries.context, definition.campaign
    views = MessageViews(definition.root, campaign, context.settings, context.clock.now())
    run_context = proof_run_context(queries, campaign)
    run = queries.latest_plan(campaign.name) if request.members else None
    members: list[PlannedMember] = []
    problems: tuple[Problem, ...] = ()
    if run is not None and request.may_see_members:
        try:
            members = draw_members(queries, definition, run, request.seed, request.members)
        except UserError as error:  # such as goods without protection: samples are no less worth seeing
            problems = tuple(error.problems)
    _note_members(context, members)
    entries = [*_sample_entries(views, run_context), *_member_entries(queries, views, run_context, members)]
    zone = context.settings.zone
    gallery = Gallery(
        campaign.name,
        campaign.title.text(request.language),
        context.settings.organisation.name.text(request.language),
        f"{context.clock.now().astimezone(zone):%Y-%m-%d %H:%M}",
        None if run is None else run.run_id,
        request.seed,
        ("not_planned",) if problems else tuple(_notes(request, run, members)),
        entries,
    )
    folder = make_private_folder(_galleries(context) / campaign.name)
    write_private(folder / _MEMBERS_FILE, json.dumps(gallery.members).encode())  # before the page: erasure reads it
    write_private(folder / GALLERY_FILE, render_gallery(gallery, request.language).encode())
    return WrittenGallery(gallery, folder / GALLERY_FILE, problems)


def delete_galleries_of(context: Context, member_id: str) -> int:
    """Delete the galleries that show a member; return how many."""
    deleted = 0
    for file in sorted((context.workspace.previews / _FOLDER).glob(f"*/{_MEMBERS_FILE}")):
        if member_id in json.loads(file.read_bytes()):
            shutil.rmtree(file.parent, ignore_errors=True)
            deleted += 1
    return deleted


def _galleries(context: Context) -> Path:
    return make_private_folder(make_private_folder(context.workspace.previews) / _FOLDER)


def _note_members(context: Context, members: list[PlannedMember]) -> None:
    if not members:
        return
    with context.ledger.write() as connection:
        for member in members:
            subject = audit.subject_of_member(context.signer, member.contact["member_id"])
            audit.record(connection, context.clock.now(), context.actor, "look_up", subject, {"why": "preview"})


def _notes(request: GalleryRequest, run: Run | None, members: list[PlannedMember]) -> Iterator[str]:
    """Yield the keys of the notes at the head of the page."""
    if members:
        yield "personal"
    elif request.members and not request.may_see_members:
        yield "no_role"
    elif request.members:
        yield "no_plan" if run is None else "none_left"


def _sample_entries(views: MessageViews, run_context: RunContext) -> Iterator[GalleryEntry]:
    """Yield the message of every variant, channel and language, filled from the template's sample."""
    for variant in views.campaign.variants:
        for channel in views.campaign.channels:
            if variant.template(channel) is None:
                continue
            for language in Language:
                yield _sample_entry(views, run_context, variant.name, channel, language)


def _sample_entry(
    views: MessageViews, run_context: RunContext, variant: str, channel: Channel, language: Language
) -> GalleryEntry:
    name = template_name(views.campaign, variant, channel)
    try:
        sample = views.folder(channel, name).sample(language)
    except UserError as error:
        return GalleryEntry(variant, channel, language, f"{channel}/{name}", problem=problem_lines(error))
    contact, arm = sample_contact(sample, language), sample_arm(sample)
    contexts = SampleTemplateContexts(
        run_context, lambda _: {}, {}, channel=channel, coupon_codes=sample_codes, sample=sample
    )
    context = contexts.build(contact, 0, arm)
    return views.entry(variant, channel, contact, arm, context)


def _member_entries(
    queries: Queries, views: MessageViews, run_context: RunContext, members: list[PlannedMember]
) -> Iterator[GalleryEntry]:
    offers = {offer.id: offer for offer in queries.context.repository.offers}
    fields = {number: member.fields for number, member in enumerate(members)}
    contexts = {
        channel: TemplateContexts(run_context, fields.__getitem__, offers, channel=channel, coupon_codes=sample_codes)
        for channel in {member.channel for member in members}
    }
    for number, member in enumerate(members):
        of_channel = contexts[member.channel]
        context = {**of_channel.build(member.contact, number, member.arm), "links": of_channel.links(0)}
        yield views.entry(member.variant, member.channel, member.contact, member.arm, context)
