"""Campaign files: one campaign each; all problems of a file are reported at once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.core.clock import instant_of
from campaigns.core.errors import AuthorError, Problem, errors_among
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.condition import All
from campaigns.core.model.enums import Channel
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import faults
from campaigns.rules.scope import Scope
from campaigns.rules.vocabulary import Vocabulary
from campaigns.workspace.campaign_source import CampaignFile, Written
from campaigns.workspace.checks import channel_checks, offer_checks, partner_checks, purpose_checks, variant_checks
from campaigns.workspace.file_names import name_problems
from campaigns.workspace.rule_fields import named_audience, read_rule, with_rule

_TEMPLATES: Final = frozenset({"content", "variants"})
_CHANNELS: Final = _TEMPLATES | {"purpose", "channels"}

# Each check with the keys that it reads. A check is skipped while one of its keys is unreadable.
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

# Placeholders for required keys that could not be read; checks that read these keys are skipped.
_PLACEHOLDERS: Final[dict[str, object]] = {
    "title": {"fi": "-", "sv": "-", "en": "-"},
    "purpose": "marketing",
    "schedule": {"at": "2018-01-01 00:00"},
}
_ANY_TIME: Final = instant_of(datetime(2018, 1, 1))  # noqa: DTZ001 - the data a rule reads depend on no day


def load_campaign(
    path: Path,
    vocabulary: Vocabulary,
    *,
    audiences: Mapping[str, Audience] | None = None,
    newsletters: Collection[str] | None = None,
    templates: Mapping[Channel, Collection[str]] | None = None,
    now: datetime | None = None,
) -> tuple[Campaign, tuple[Problem, ...]]:
    """Return the campaign in the file and its warnings; raise UserError with all problems when it has errors.

    `audiences` are needed only for the data they read: a partner's campaign may not reach purchase lines through
    them. With `newsletters` (those of the settings), the campaign's newsletter must be one of them. With `templates`
    (names by channel), every template must exist. With `now`, a one-off schedule in the past gives a warning.
    """
    problems = list(name_problems(path))
    at = named_audience(read_yaml(path))
    values = _with_rules(at, vocabulary, problems)
    key_problems = faults(CampaignFile, at, values)
    problems += key_problems.values()
    broken = {str(steps[0]) for steps in key_problems}
    file = CampaignFile.model_validate({**_PLACEHOLDERS, **{key: values[key] for key in values if key not in broken}})
    source = Written(file, at, vocabulary, _scope(vocabulary, audiences or {}), newsletters, templates, now)
    problems += [problem for keys, check in CHECKS if not keys & broken for problem in check(source)]
    if errors_among(problems):
        raise AuthorError(problems)
    return source.campaign(path.stem), tuple(problems)


def _with_rules(at: Located, vocabulary: Vocabulary, problems: list[Problem]) -> dict[str, object]:
    """Return the values of the file's keys, with every rule parsed."""
    values = {key: part.value for key, part in at.entries()}
    if "audience" in values:
        values["audience"] = read_rule(at.part("audience"), vocabulary, problems)
    if isinstance(values.get("variants"), list):
        values["variants"] = [
            with_rule(variant, "when", vocabulary, problems) for variant in at.part("variants").items()
        ]
    if "experiment" in values:
        values["experiment"] = with_rule(at.part("experiment"), "goal", vocabulary, problems)
    return values


def _scope(vocabulary: Vocabulary, audiences: Mapping[str, Audience]) -> Scope:
    placeholders = {name: All(parts=()) for name in vocabulary.audiences}
    matches = {**placeholders, **{name: audience.match for name, audience in audiences.items()}}
    return Scope(as_of=_ANY_TIME, zone=ZoneInfo("UTC"), catalogue=vocabulary.catalogue, audiences=matches)
