"""A campaign file whose keys have been read one by one and are now looked at together."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from campaigns.errors import Problem, Severity
from campaigns.rules.scope import Scope
from campaigns.rules.vocabulary import Vocabulary
from campaigns.spec.campaign import Campaign, Content, OfferChoice, Outline, Variant
from campaigns.spec.located import Located
from campaigns.spec.words import Channel, Purpose

ONLY_VARIANT = "everyone"


class CampaignFile(Outline):
    """The keys of a campaign file. `content` is the short form of a single variant without `when`."""

    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] | None = None
    content: Content | None = None
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A file with the places of its parts, and what is known around it.

    `scope` has the audiences that rules refer to. What is None was not asked: the newsletters that there are, the
    templates of each channel, and the present.
    """

    file: CampaignFile
    at: Located
    vocabulary: Vocabulary
    scope: Scope
    newsletters: Collection[str] | None = None
    templates: Mapping[Channel, Collection[str]] | None = None
    now: datetime | None = None

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants, of which `content` is one."""
        if self.file.content is not None:
            return (Variant(name=ONLY_VARIANT, **self.file.content.model_dump()),)
        return self.file.variants or ()

    def variants_at(self) -> tuple[Located, ...]:
        """Where each of `variants` stands."""
        if self.file.content is not None:
            return (self.at.part("content"),)
        return tuple(self.at.part("variants").items()) if self.file.variants else ()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels in their order; when the file does not list them, those that have a template."""
        if self.file.channels is not None:
            return self.file.channels
        if self.file.purpose is Purpose.NEWSLETTER:
            return (Channel.EMAIL,)
        return tuple(channel for channel in Channel if any(each.template(channel) for each in self.variants))

    def offer_choices(self) -> Iterator[tuple[OfferChoice, Located]]:
        """Which offers are asked for, by the campaign and by its variants, and where."""
        if self.file.offers is not None:
            yield self.file.offers, self.key("offers")
        for variant, at in zip(self.variants, self.variants_at(), strict=True):
            if variant.offers is not None:
                yield variant.offers, at.part("offers")

    def key(self, name: str) -> Located:
        """The part under a top-level key; the whole file when the key is not there."""
        return self.at.part(name) if isinstance(self.at.value, dict) and name in self.at.value else self.at

    def campaign(self, name: str) -> Campaign:
        """The campaign that the file says, once nothing is wrong with it."""
        common = {field: getattr(self.file, field) for field in Outline.model_fields}
        return Campaign(name=name, channels=self.channels, variants=self.variants, **common)


def error(at: Located, message: str, code: str, hint: str) -> Problem:
    """A problem that refuses the file, at the key of `at`."""
    return Problem(at.key_place, message, code, hint)


def warning(at: Located, message: str, code: str, hint: str) -> Problem:
    """A problem that is shown and stops nothing, at the key of `at`."""
    return Problem(at.key_place, message, code, hint, Severity.WARNING)
