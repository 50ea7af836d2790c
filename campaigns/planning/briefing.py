"""A brief gathered: the campaign, what its templates name, the offers on sale, and the hash over all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaigns.clock import local_day
from campaigns.loading.definition import audiences_used, definition_hash
from campaigns.planning.brief import Brief
from campaigns.planning.offers import eligible
from campaigns.planning.templates import UsedTemplate, digests, profile_fields, used_templates, with_offers
from campaigns.spec.audience import Audience
from campaigns.spec.campaign import Campaign
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.offer import Offer
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign as it stands in files: its own, those of the audiences it may use, and its workspace's root."""

    campaign: Campaign
    file: Path
    audiences: Mapping[str, Audience]
    audience_files: Mapping[str, Path]
    root: Path

    def templates(self) -> tuple[UsedTemplate, ...]:
        """The templates it uses; AuthorError with what is wrong with them."""
        return used_templates(self.campaign, self.root)

    def used_audience_files(self) -> tuple[Path, ...]:
        """The files of the audiences that its rules name, directly or through others."""
        return tuple(self.audience_files[name] for name in audiences_used(self.campaign, self.audiences))

    def definition(self) -> str:
        """The hash of everything that decides what is sent."""
        return definition_hash(self.file, self.used_audience_files(), digests(self.templates()))

    def template_folders(self) -> tuple[Path, ...]:
        """The template folders, with what they share."""
        used = self.templates()
        own = {self.root / "templates" / each.folder.channel / each.folder.name for each in used}
        shared = {self.root / "templates" / channel / "_shared" for channel in _channels(used)}
        return tuple(sorted(path for path in own | shared if path.is_dir()))


def brief(draft: Draft, as_of: datetime, catalogue: Catalogue, settings: Settings, offers: tuple[Offer, ...]) -> Brief:
    """Everything a plan of the draft is made from, at `as_of`."""
    used = draft.templates()
    campaign = draft.campaign
    showing = with_offers(used)
    day = local_day(as_of, campaign.schedule.zone)
    return Brief(
        campaign=campaign,
        as_of=as_of,
        audiences={name: audience.match for name, audience in draft.audiences.items()},
        catalogue=catalogue,
        settings=settings,
        definition=draft.definition(),
        fields=profile_fields(used),
        with_offers=showing,
        offers=eligible(offers, campaign.offers, day) if showing else (),
    )


def _channels(used: tuple[UsedTemplate, ...]) -> set[Channel]:
    return {each.folder.channel for each in used}
