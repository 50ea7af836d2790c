"""Input of a plan, complete before the first query: campaign, template fields, offers on sale, definition hash."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import pyarrow as pa

from campaigns.core.clock import local_day
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.settings import Settings
from campaigns.offers.ranking.ranking_model import RankingModel, built_in_model, installed_model
from campaigns.offers.selection import VariantOffers, select_offers
from campaigns.rules.select import RuleScope
from campaigns.runs.planning.home_stores import home_stores_table
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.repository import WorkspaceRepository
from campaigns.workspace.template_usage import (
    UsedTemplate,
    member_variables,
    profile_fields,
    store_fields,
    variants_with_offers,
)

_EXEMPT = frozenset({Purpose.SERVICE, Purpose.RIGHTS})
_ONE_PER_MEMBER = _EXEMPT | {Purpose.OWNER_POST}
_WITH_MINIMUM_AGE = frozenset({Purpose.NEWSLETTER, Purpose.MARKETING, Purpose.SURVEY})


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Input of one plan: one campaign on one occasion.

    `audiences` are those that its rules may name; `profile_fields` the profile columns that its templates name;
    `offer_variants` the variants whose templates show offers, with the channels of these templates, and
    `variant_offers` the offers that each may show.
    `members` limits the plan to these members, for a preview; empty: everybody. `holdout_salt` draws the global
    holdout. `ranking_model` ranks the offers; `offer_handicaps` and `offer_facts`, by offer, are those of the last plan
    of the campaign, for a plan of listed members (see `offers.exposure` and `offers.ranking.offer_facts`).
    `home_stores` has what its templates show of stores, None when they show nothing.
    """

    campaign: Campaign
    as_of: datetime
    audiences: Mapping[str, Condition]
    catalogue: Catalogue
    settings: Settings
    definition_hash: str
    profile_fields: tuple[str, ...]
    variant_offers: Mapping[str, VariantOffers]
    holdout_salt: str
    ranking_model: RankingModel
    members: tuple[str, ...] = ()
    home_stores: pa.Table | None = None
    offer_variants: Mapping[str, frozenset[Channel]] = field(default_factory=dict)
    offer_handicaps: Mapping[str, float] = field(default_factory=dict)
    offer_facts: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def scope(self) -> RuleScope:
        """Time and names for the evaluation of the rules."""
        return RuleScope(
            as_of=self.as_of,
            zone=self.campaign.schedule.zone,
            catalogue=self.catalogue,
            audiences=self.audiences,
            salt=self.campaign.name,
            members=self.members,
        )

    @property
    def channels_with_offers(self) -> Mapping[str, frozenset[Channel]]:
        """Variants that ask for offers, with the channels whose templates show them.

        A newsletter that shows offers asks for them, or its file was meant to.
        """
        names = self.offer_variants if self.campaign.purpose is Purpose.NEWSLETTER else self.variant_offers
        return {name: self.offer_variants[name] for name in names}

    @property
    def least_offers(self) -> Mapping[str, int]:
        """Number of offers that a message of each variant needs, of those that show any."""
        return {name: offers.choice.at_least for name, offers in self.variant_offers.items()}

    @property
    def uses_baskets_for_offers(self) -> bool:
        """True when purchases rank the offers; never in a message on a partner's behalf."""
        return bool(self.variant_offers) and not self.campaign.from_partner

    @property
    def once_per_address(self) -> bool:
        """True when e-mail and SMS go once to an address that several members share."""
        return self.campaign.purpose not in _ONE_PER_MEMBER

    @property
    def uses_holdouts(self) -> bool:
        """True when members may be held out to measure the effect; never from service messages."""
        return self.campaign.purpose not in _EXEMPT

    @property
    def minimum_age(self) -> int:
        """Minimum age in years of recipients (FI-10); 0 when this purpose has none."""
        return self.settings.minimum_age if self.campaign.purpose in _WITH_MINIMUM_AGE else 0

    def variants_with_template(self, channel: Channel) -> tuple[str, ...]:
        """Return the names of the variants with a template for a channel."""
        return tuple(variant.name for variant in self.campaign.variants if variant.template(channel))


def build_plan_input(
    definition: CampaignDefinition,
    as_of: datetime,
    repository: WorkspaceRepository,
    holdout_salt: str,
    members: tuple[str, ...] = (),
    offer_handicaps: Mapping[str, float] = MappingProxyType({}),
    offer_facts: Mapping[str, Sequence[float]] = MappingProxyType({}),
) -> PlanInput:
    """Return the input of a plan at `as_of`; with `members`, of these alone, with what a whole plan found."""
    templates = definition.templates()
    campaign = definition.campaign
    showing = variants_with_offers(templates)
    return PlanInput(
        campaign=campaign,
        as_of=as_of,
        audiences={name: audience.match for name, audience in definition.audiences.items()},
        catalogue=repository.catalogue,
        settings=repository.settings,
        definition_hash=definition.definition_hash(),
        profile_fields=profile_fields(templates),
        members=members,
        holdout_salt=holdout_salt,
        ranking_model=installed_model(repository.workspace.ranking_model) if showing else built_in_model(),
        variant_offers=variant_offers(campaign, showing, as_of, repository),
        offer_variants=showing,
        offer_handicaps=offer_handicaps,
        offer_facts=offer_facts,
        home_stores=_home_stores(templates, campaign, repository),
    )


def variant_offers(
    campaign: Campaign, showing: Iterable[str], as_of: datetime, repository: WorkspaceRepository
) -> Mapping[str, VariantOffers]:
    """Return the offers that each variant of `showing` may show on the day of a run."""
    offers = repository.goods_protection.offer_goods.advertised(repository.offers) if showing else ()
    return select_offers(campaign, showing, offers, local_day(as_of, campaign.schedule.zone))


def _home_stores(
    templates: tuple[UsedTemplate, ...], campaign: Campaign, repository: WorkspaceRepository
) -> pa.Table | None:
    """Return what the templates show of stores; None unless they show any, and the catalogue allows `home_store`."""
    fields = store_fields(templates)
    if fields is None or "member.home_store" not in member_variables(repository.catalogue, campaign.purpose):
        return None
    return home_stores_table(fields, repository.warehouse.stores())
