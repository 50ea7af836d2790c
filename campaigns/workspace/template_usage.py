"""The templates of a campaign: what they are made of, what they read, what is wrong with them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Final

from campaigns.core.errors import AuthorError, Problem
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Channel, DataClass, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.call_script import script_names
from campaigns.rendering.checks.call_script import check_script
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.checks.letter import check_letter
from campaigns.rendering.checks.sms import check_sms
from campaigns.rendering.email.email_template import email_names
from campaigns.rendering.letters.letter_template import letter_names
from campaigns.rendering.sms.sms_template import sms_names
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.workspace.check_cache import KeptFindings

Loader = Callable[[Channel, str], TemplateFolder]
Check = Callable[[TemplateFolder, Purpose, frozenset[str], Settings], list[Problem]]

CONTACT: Final = frozenset({"first_name", "last_name", "street", "postal_code", "city", "language", "register"})
_MEMBER: Final = "member."
_NAMES: Final[Mapping[Channel, Callable[[TemplateFolder], frozenset[str]]]] = {
    Channel.EMAIL: email_names,
    Channel.SMS: sms_names,
    Channel.POST: letter_names,
    Channel.PHONE: script_names,
}
_CHECKS: Final[Mapping[Channel, Check]] = {
    Channel.EMAIL: check_email,
    Channel.SMS: check_sms,
    Channel.POST: check_letter,
    Channel.PHONE: check_script,
}


@dataclass(frozen=True, slots=True)
class UsedTemplate:
    """A template folder and the variant that uses it."""

    variant: str
    folder: TemplateFolder


def used_templates(campaign: Campaign, load: Loader) -> tuple[UsedTemplate, ...]:
    """The templates of every variant and channel; AuthorError with the problems of all that cannot be read."""
    used: list[UsedTemplate] = []
    problems: list[Problem] = []
    for variant, channel, name in _named(campaign):
        try:
            used.append(UsedTemplate(variant, load(channel, name)))
        except AuthorError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise AuthorError(problems)
    return tuple(used)


def digests(used: tuple[UsedTemplate, ...]) -> Mapping[str, str]:
    """The hash of each template by `channel/name`: their part of the definition hash."""
    return {f"{each.folder.channel}/{each.folder.name}": each.folder.digest() for each in used}


def profile_fields(used: tuple[UsedTemplate, ...]) -> tuple[str, ...]:
    """The profile columns that the templates name, contact excepted: contact is never frozen."""
    names = {name for each in used for name in _NAMES[each.folder.channel](each.folder)}
    return tuple(sorted({name.split(".")[1] for name in names if name.startswith(_MEMBER)} - CONTACT))


def with_offers(used: tuple[UsedTemplate, ...]) -> frozenset[str]:
    """The variants of which a template shows offers."""
    return frozenset(
        each.variant
        for each in used
        if any(name.split(".")[0] == "offers" for name in _NAMES[each.folder.channel](each.folder))
    )


@dataclass(frozen=True)
class TemplateChecks:
    """What is wrong with a workspace's templates: each is read and asked once, however many campaigns use it."""

    load: Loader
    catalogue: Catalogue
    settings: Settings
    kept: KeptFindings

    def problems(self, campaign: Campaign) -> Iterator[Problem]:
        """Everything that is wrong with a campaign's templates."""
        try:
            used = used_templates(campaign, self.load)
        except AuthorError as error:
            yield from error.problems
            return
        for channel, name in dict.fromkeys((each.folder.channel, each.folder.name) for each in used):
            yield from self._of(channel, name, campaign.purpose)

    @cached_property
    def _of(self) -> Callable[[Channel, str, Purpose], list[Problem]]:
        known = known_names(self.catalogue)

        @cache
        def of(channel: Channel, name: str, purpose: Purpose) -> list[Problem]:
            folder = self.load(channel, name)
            find = partial(_CHECKS[channel], folder, purpose, known, self.settings)
            return self.kept.of(f"{channel}-{name}-{purpose}", folder.digest(), find)

        return of


def known_names(catalogue: Catalogue) -> frozenset[str]:
    """The names that a template may read of a member: some of the contact, and what the catalogue declares besides it.

    Addresses and numbers are not among them: they would be frozen with the plan, and be those of another day.
    """
    declared = {name for name, column in catalogue.profile.items() if column.data_class is not DataClass.CONTACT}
    return frozenset(f"{_MEMBER}{name}" for name in CONTACT | declared)


def _named(campaign: Campaign) -> Iterator[tuple[str, Channel, str]]:
    for variant in campaign.variants:
        for channel in campaign.channels:
            name = variant.template(channel)
            if name is not None:
                yield variant.name, channel, name
