"""Everything that a plan is made from, gathered before the first query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.planning.offers import Shelf
from campaigns.rules.statement import Scope
from campaigns.spec.campaign import Campaign
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.condition import Condition
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel, Purpose

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
