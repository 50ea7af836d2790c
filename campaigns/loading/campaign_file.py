"""Campaign files: one campaign each, with all that is wrong with it said at once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.clock import instant_of
from campaigns.errors import AuthorError, Problem, errors_among
from campaigns.loading import channel_checks, offer_checks, partner_checks, purpose_checks, variant_checks
from campaigns.loading.file_name import name_problems
from campaigns.loading.rule_parts import named_audience, read_rule, with_rule
from campaigns.loading.shape import faults
from campaigns.loading.written import CampaignFile, Written
from campaigns.loading.yaml_source import read_yaml
from campaigns.rules.scope import Scope
from campaigns.rules.vocabulary import Vocabulary
from campaigns.spec.audience import Audience
from campaigns.spec.campaign import Campaign
from campaigns.spec.condition import All
from campaigns.spec.located import Located
from campaigns.spec.words import Channel

_TEMPLATES: Final = frozenset({"content", "variants"})
_CHANNELS: Final = _TEMPLATES | {"purpose", "channels"}

# Each check with the keys that it looks at: one of them being unreadable, the check waits until it is put right.
CHECKS: Final[tuple[tuple[frozenset[str], Callable[[Written], Iterator[Problem]]], ...]] = (
    (_TEMPLATES, variant_checks.one_of_content_and_variants),
    (_TEMPLATES, variant_checks.each_has_a_template),
    (_CHANNELS, variant_checks.templates_are_there),
    (_TEMPLATES, variant_checks.names_differ),
    (_TEMPLATES, variant_checks.each_can_be_reached),
    (_CHANNELS | {"sender"}, channel_checks.purpose_permits_channels),
    (frozenset({"channels"}), channel_checks.channels_differ),
    (_CHANNELS, channel_checks.channels_have_templates),
    (_CHANNELS | {"quiet_hours"}, channel_checks.quiet_hours_are_of_channels),
    (frozenset({"purpose", "newsletter"}), purpose_checks.newsletter_is_a_list),
    (frozenset({"purpose", "sender"}), partner_checks.partner_writes_marketing),
    (_TEMPLATES | {"sender", "audience", "experiment", "offers"}, partner_checks.partner_sees_no_baskets),
    (_TEMPLATES | {"purpose", "offers"}, offer_checks.service_sells_nothing),
    (_TEMPLATES | {"offers"}, offer_checks.offers_are_of_known_goods),
    (frozenset({"purpose"}), purpose_checks.rights_are_rare),
    (frozenset({"purpose", "audience"}), purpose_checks.everybody_is_meant),
    (frozenset({"schedule"}), purpose_checks.moment_is_to_come),
)

# Stand in for required keys that could not be read; no check that looks at them runs.
_STAND_INS: Final[dict[str, object]] = {
    "title": {"fi": "-", "sv": "-", "en": "-"},
    "purpose": "marketing",
    "schedule": {"at": "2018-01-01 00:00"},
}
_ANY_MOMENT: Final = instant_of(datetime(2018, 1, 1))  # noqa: DTZ001 - which data a rule reads depends on no day


def load_campaign(
    path: Path,
    vocabulary: Vocabulary,
    *,
    audiences: Mapping[str, Audience] | None = None,
    newsletters: Collection[str] | None = None,
    templates: Mapping[Channel, Collection[str]] | None = None,
    now: datetime | None = None,
) -> tuple[Campaign, tuple[Problem, ...]]:
    """The campaign that the file says, with its warnings; AuthorError with all problems when it has errors.

    Of `audiences` only what they read is asked: a partner's campaign may not reach purchase lines through them. With
    `newsletters`, those of the settings, a newsletter has to be one of them; with `templates`, those of each channel,
    so has every template; with `now`, a one-off in the past is warned of.
    """
    problems = list(name_problems(path))
    at = named_audience(read_yaml(path))
    values = _with_rules(at, vocabulary, problems)
    found = faults(CampaignFile, at, values)
    problems += found.values()
    broken = {str(steps[0]) for steps in found}
    file = CampaignFile.model_validate({**_STAND_INS, **{key: values[key] for key in values if key not in broken}})
    written = Written(file, at, vocabulary, _scope(vocabulary, audiences or {}), newsletters, templates, now)
    problems += [problem for keys, check in CHECKS if not keys & broken for problem in check(written)]
    if errors_among(problems):
        raise AuthorError(problems)
    return written.campaign(path.stem), tuple(problems)


def _with_rules(at: Located, vocabulary: Vocabulary, problems: list[Problem]) -> dict[str, object]:
    """The file's keys with every rule read."""
    values = {key: part.value for key, part in at.entries()}
    if "audience" in values:
        values["audience"] = read_rule(at.part("audience"), vocabulary, problems)
    if isinstance(values.get("variants"), list):
        values["variants"] = [with_rule(each, "when", vocabulary, problems) for each in at.part("variants").items()]
    if "experiment" in values:
        values["experiment"] = with_rule(at.part("experiment"), "goal", vocabulary, problems)
    return values


def _scope(vocabulary: Vocabulary, audiences: Mapping[str, Audience]) -> Scope:
    unread = {name: All(parts=()) for name in vocabulary.audiences}
    matches = {**unread, **{name: audience.match for name, audience in audiences.items()}}
    return Scope(as_of=_ANY_MOMENT, zone=ZoneInfo("UTC"), catalogue=vocabulary.catalogue, audiences=matches)
