"""Everything that a plan is made from, gathered before the first query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.core.clock import local_day
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.settings import Settings
from campaigns.offers.selection import Shelf, shelves
from campaigns.rules.select import Scope
from campaigns.workspace.campaign_definition import Draft
from campaigns.workspace.repository import Library
from campaigns.workspace.template_usage import profile_fields, with_offers

_SPARED = frozenset({Purpose.SERVICE, Purpose.RIGHTS})
_EACH_THEIR_OWN = _SPARED | {Purpose.OWNER_POST}
_FOR_GROWN_UPS = frozenset({Purpose.NEWSLETTER, Purpose.MARKETING, Purpose.SURVEY})


@dataclass(frozen=True, slots=True)
class Brief:
    """One campaign on one occasion.

    `audiences` are those that its rules may name; `fields` the profile columns that each variant's templates name;
    `shelves` the offers that each variant may show. `members` narrows the plan to some, for a preview; empty:
    everybody. `holdout_salt` draws the global holdout.
    """

    campaign: Campaign
    as_of: datetime
    audiences: Mapping[str, Condition]
    catalogue: Catalogue
    settings: Settings
    definition: str
    fields: tuple[str, ...]
    shelves: Mapping[str, Shelf]
    holdout_salt: str
    members: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        """The moment and the names by which the rules are read."""
        return Scope(
            as_of=self.as_of,
            zone=self.campaign.schedule.zone,
            catalogue=self.catalogue,
            audiences=self.audiences,
            salt=self.campaign.name,
            members=self.members,
        )

    @property
    def once_an_address(self) -> bool:
        """Whether e-mail and SMS go once to an address that several members share."""
        return self.campaign.purpose not in _EACH_THEIR_OWN

    @property
    def observes_holdouts(self) -> bool:
        """Whether members may be held out to measure the effect; never from service messages."""
        return self.campaign.purpose not in _SPARED

    @property
    def minimum_age(self) -> int:
        """The age in years below which a member is not written to (FI-10); 0: there is none for this purpose."""
        return self.settings.minimum_age if self.campaign.purpose in _FOR_GROWN_UPS else 0

    def has_template(self, channel: Channel) -> tuple[str, ...]:
        """The names of the variants that have something to say through a channel."""
        return tuple(variant.name for variant in self.campaign.variants if variant.template(channel))


def brief(draft: Draft, as_of: datetime, library: Library, holdout_salt: str, members: tuple[str, ...] = ()) -> Brief:
    """Everything a plan of the draft is made from, at `as_of`; of the listed members only, where some are listed."""
    used = draft.templates()
    campaign = draft.campaign
    day = local_day(as_of, campaign.schedule.zone)
    return Brief(
        campaign=campaign,
        as_of=as_of,
        audiences={name: audience.match for name, audience in draft.audiences.items()},
        catalogue=library.catalogue,
        settings=library.settings,
        definition=draft.definition(),
        fields=profile_fields(used),
        members=members,
        holdout_salt=holdout_salt,
        shelves=shelves(campaign, with_offers(used), library.offers, day),
    )
