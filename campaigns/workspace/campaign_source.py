"""Campaign source: a campaign file whose keys are valid one by one, for checks across keys."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from campaigns.core.errors import Problem, Severity
from campaigns.core.model.campaign import Campaign, CampaignBase, ChannelTemplates, OfferSelection, Variant
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.yaml.located import Located
from campaigns.rules.scope import RuleScope
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_folders import AudienceFaults

ONLY_VARIANT = "everyone"


class CampaignFile(CampaignBase):
    """Keys of a campaign file. `content` is the short form of a single variant without `when`."""

    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None
    content: ChannelTemplates | None = None
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)] | None = None


@dataclass(frozen=True, slots=True)
class CampaignSource:
    """Campaign file with the locations of its parts and the context of its checks.

    `scope` has the audiences that rules refer to, `faults` the problems of those that cannot be used. `newsletters`,
    `templates` (by channel) and the present time `now` are None when they are not to be checked.
    """

    file: CampaignFile
    at: Located
    vocabulary: RuleVocabulary
    scope: RuleScope
    newsletters: Collection[str] | None = None
    templates: Mapping[Channel, Collection[str]] | None = None
    now: datetime | None = None
    faults: AudienceFaults = field(default_factory=dict)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Variants; `content` counts as the only one."""
        if self.file.content is not None:
            return (Variant(name=ONLY_VARIANT, **self.file.content.model_dump()),)
        return self.file.variants or ()

    def variant_locations(self) -> tuple[Located, ...]:
        """Return the location of each of `variants`."""
        if self.file.content is not None:
            return (self.at.part("content"),)
        return tuple(self.at.part("variants").items()) if self.file.variants else ()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels in their order; without a list in the file, those with a template."""
        if self.file.channels is not None:
            return self.file.channels
        if self.file.purpose is Purpose.NEWSLETTER:
            return (Channel.EMAIL,)
        return tuple(channel for channel in Channel if any(variant.template(channel) for variant in self.variants))

    def offer_choices(self) -> Iterator[tuple[OfferSelection, Located]]:
        """Yield the offer choices of the campaign and of its variants, with their locations."""
        if self.file.offers is not None:
            yield self.file.offers, self.part_or_file("offers")
        for variant, at in zip(self.variants, self.variant_locations(), strict=True):
            if variant.offers is not None:
                yield variant.offers, at.part("offers")

    def rules(self) -> Iterator[tuple[Condition, Located]]:
        """Yield every rule of the campaign with the location of its key."""
        if self.file.audience is not None:
            yield self.file.audience, self.part_or_file("audience")
        for variant, at in zip(self.variants, self.variant_locations(), strict=True):
            if variant.when is not None:
                yield variant.when, at.part("when")
        if self.file.experiment is not None and self.file.experiment.goal is not None:
            yield self.file.experiment.goal, self.part_or_file("experiment").part("goal")

    def part_or_file(self, name: str) -> Located:
        """Return the part under a top-level key; the whole file when the key is missing."""
        return self.at.part(name) if isinstance(self.at.value, dict) and name in self.at.value else self.at

    def campaign(self, name: str) -> Campaign:
        """Return the campaign; the file must have no errors."""
        common = {field: getattr(self.file, field) for field in CampaignBase.model_fields}
        return Campaign(name=name, channels=self.channels, variants=self.variants, **common)


def error(at: Located, message: str, code: str, hint: str) -> Problem:
    """Return a problem that refuses the file, at the key of `at`."""
    return Problem(at.key_place, message, code, hint)


def warning(at: Located, message: str, code: str, hint: str) -> Problem:
    """Return a problem that is shown but does not refuse the file, at the key of `at`."""
    return Problem(at.key_place, message, code, hint, Severity.WARNING)
