"""Template usage of a campaign: its template folders, the variables they read, and their problems."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Final

from audiences.warehouse.columns import store_columns
from campaigns.core.errors import Problem, UserError, errors_only
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Channel, DataClass, Purpose
from campaigns.core.model.settings import Settings
from campaigns.rendering.call_script import script_variables
from campaigns.rendering.checks.call_script import check_call_script
from campaigns.rendering.checks.email import check_email
from campaigns.rendering.checks.handwritten_reasons import handwritten_reasons
from campaigns.rendering.checks.letter import check_letter
from campaigns.rendering.checks.sms import check_sms
from campaigns.rendering.email.email_template import email_variables
from campaigns.rendering.letters.letter_template import letter_variables
from campaigns.rendering.sms.sms_template import sms_variables
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.workspace.check_cache import CheckCache

TemplateLoader = Callable[[Channel, str], TemplateFolder]
TemplateCheck = Callable[[TemplateFolder, Purpose, frozenset[str], Settings], list[Problem]]

CONTACT_FIELDS: Final = frozenset({"first_name", "last_name", "street", "postal_code", "city", "language", "register"})
_OF_A_PURPOSE: Final = frozenset({"opt_out", "sender"})
_MEMBER: Final = "member."
_STORE: Final = "store"
_HOME_STORE: Final = "home_store"
_NAMES: Final[Mapping[Channel, Callable[[TemplateFolder], frozenset[str]]]] = {
    Channel.EMAIL: email_variables,
    Channel.SMS: sms_variables,
    Channel.POST: letter_variables,
    Channel.PHONE: script_variables,
}
_CHECKS: Final[Mapping[Channel, TemplateCheck]] = {
    Channel.EMAIL: check_email,
    Channel.SMS: check_sms,
    Channel.POST: check_letter,
    Channel.PHONE: check_call_script,
}


@dataclass(frozen=True, slots=True)
class UsedTemplate:
    """Template folder and the variant that uses it."""

    variant: str
    folder: TemplateFolder


def used_templates(campaign: Campaign, load: TemplateLoader) -> tuple[UsedTemplate, ...]:
    """Return the templates of every variant and channel; raise UserError with the problems of all unreadable ones."""
    templates: list[UsedTemplate] = []
    problems: list[Problem] = []
    for variant, channel, name in _template_names(campaign):
        try:
            templates.append(UsedTemplate(variant, load(channel, name)))
        except UserError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    if problems:
        raise UserError(problems)
    return tuple(templates)


def template_digests(templates: tuple[UsedTemplate, ...]) -> Mapping[str, str]:
    """Return the hash of each template by `channel/name`: their part of the definition hash."""
    return {f"{template.folder.channel}/{template.folder.name}": template.folder.digest() for template in templates}


def profile_fields(templates: tuple[UsedTemplate, ...]) -> tuple[str, ...]:
    """Return the profile columns that the templates name, without contact, which is never frozen."""
    names = {name for template in templates for name in _NAMES[template.folder.channel](template.folder)}
    return tuple(sorted({name.split(".")[1] for name in names if name.startswith(_MEMBER)} - CONTACT_FIELDS))


def store_fields(templates: tuple[UsedTemplate, ...]) -> tuple[str, ...] | None:
    """Return the columns that the templates name of the member's home store; None when they name no store."""
    names = {name for template in templates for name in _NAMES[template.folder.channel](template.folder)}
    steps = [name.split(".") for name in names]
    if not any(step[0] == _STORE for step in steps):
        return None
    return tuple(sorted(step[1] for step in steps if step[0] == _STORE and len(step) > 1))


def variants_with_offers(templates: tuple[UsedTemplate, ...]) -> Mapping[str, frozenset[Channel]]:
    """Return the variants with a template that shows offers, and the channels of these templates."""
    channels: dict[str, frozenset[Channel]] = {}
    for template in templates:
        channel = template.folder.channel
        if any(name.split(".")[0] == "offers" for name in _NAMES[channel](template.folder)):
            channels[template.variant] = channels.get(template.variant, frozenset()) | {channel}
    return channels


@dataclass(frozen=True)
class TemplateChecks:
    """Checks of a workspace's templates: each is read and checked once, however many campaigns use it."""

    load: TemplateLoader
    catalogue: Catalogue
    settings: Settings
    cache: CheckCache

    def problems(self, campaign: Campaign) -> Iterator[Problem]:
        """Yield all problems of a campaign's templates."""
        try:
            templates = used_templates(campaign, self.load)
        except UserError as error:
            yield from error.problems
            return
        folders = dict.fromkeys(template.folder for template in templates)
        for folder in folders:
            yield from self._check(folder.channel, folder.name, campaign.purpose)
            yield from handwritten_reasons(folder, campaign, self.settings)

    def faults(self, channel: Channel, name: str) -> Iterator[Problem]:
        """Yield the errors of a template that any campaign would have which used it."""
        try:
            folder = self.load(channel, name)
        except UserError as error:
            yield from error.problems
            return
        known = frozenset[str]().union(*(member_variables(self.catalogue, purpose) for purpose in Purpose))
        run = partial(_CHECKS[channel], folder, Purpose.MARKETING, known, self.settings)
        problems = self.cache.get_or_check(f"{channel}-{name}-unused", folder.digest(), run)
        yield from (problem for problem in errors_only(problems) if problem.code not in _OF_A_PURPOSE)

    @cached_property
    def _check(self) -> Callable[[Channel, str, Purpose], list[Problem]]:
        @cache
        def check(channel: Channel, name: str, purpose: Purpose) -> list[Problem]:
            folder = self.load(channel, name)
            known = member_variables(self.catalogue, purpose)
            run = partial(_CHECKS[channel], folder, purpose, known, self.settings)
            return self.cache.get_or_check(f"{channel}-{name}-{purpose}", folder.digest(), run)

        return check


def member_variables(catalogue: Catalogue, purpose: Purpose) -> frozenset[str]:
    """Return the member variables of templates of a purpose: contact fields, and columns that the catalogue allows it.

    Where it allows `home_store`, the columns of the member's store are among them. E-mail addresses and phone numbers
    are not: they would be frozen with the plan and become outdated.
    """
    declared = {
        name
        for name, column in catalogue.profile_columns.items()
        if column.data_class is not DataClass.CONTACT and column.allows(purpose)
    }
    shows_store = _HOME_STORE in declared
    store = {_STORE, *(f"{_STORE}.{name}" for name in store_columns(catalogue))} if shows_store else ()
    return frozenset((*(f"{_MEMBER}{name}" for name in CONTACT_FIELDS | declared), *store))


def _template_names(campaign: Campaign) -> Iterator[tuple[str, Channel, str]]:
    for variant in campaign.variants:
        for channel in campaign.channels:
            name = variant.template(channel)
            if name is not None:
                yield variant.name, channel, name
