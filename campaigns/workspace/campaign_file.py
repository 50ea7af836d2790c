"""Campaign files: one campaign each; all problems of a file are reported at once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.core.clock import from_warehouse_time
from campaigns.core.errors import Problem, UserError, errors_only
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.condition import All
from campaigns.core.model.enums import Channel
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validation_problems
from campaigns.rules.scope import RuleScope
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_folders import AudienceFaults
from campaigns.workspace.campaign_source import CampaignFile, CampaignSource
from campaigns.workspace.checks import (
    audience_checks,
    channel_checks,
    offer_checks,
    partner_checks,
    purpose_checks,
    variant_checks,
)
from campaigns.workspace.file_names import file_name_problems
from campaigns.workspace.rule_fields import expand_audience_shorthand, read_rule, with_parsed_rule

_TEMPLATES: Final = frozenset({"content", "variants"})
_CHANNELS: Final = _TEMPLATES | {"purpose", "channels"}

# Each check with the keys that it reads. A check is skipped while one of its keys is unreadable.
CHECKS: Final[tuple[tuple[frozenset[str], Callable[[CampaignSource], Iterator[Problem]]], ...]] = (
    (_TEMPLATES, variant_checks.check_content_or_variants),
    (_TEMPLATES, variant_checks.check_variants_have_templates),
    (_CHANNELS, variant_checks.check_templates_exist),
    (_TEMPLATES, variant_checks.check_variant_names_unique),
    (_TEMPLATES, variant_checks.check_variants_reachable),
    (_CHANNELS | {"sender"}, channel_checks.check_channels_permitted),
    (frozenset({"channels"}), channel_checks.check_channels_unique),
    (_CHANNELS, channel_checks.check_channel_templates),
    (_CHANNELS | {"quiet_hours"}, channel_checks.check_quiet_hours),
    (frozenset({"purpose", "newsletter"}), purpose_checks.check_newsletter),
    (frozenset({"purpose", "sender"}), partner_checks.check_partner_purpose),
    (_TEMPLATES | {"sender", "audience", "experiment", "offers"}, partner_checks.check_no_purchase_lines_for_partner),
    (_TEMPLATES | {"purpose", "offers"}, offer_checks.check_no_offers_in_service),
    (_TEMPLATES | {"offers"}, offer_checks.check_offer_values),
    (_TEMPLATES | {"purpose", "audience", "experiment", "offers"}, purpose_checks.check_columns_allowed),
    (frozenset({"purpose"}), purpose_checks.check_rights_purpose),
    (frozenset({"purpose", "audience"}), purpose_checks.check_audience_present),
    (frozenset({"schedule"}), purpose_checks.check_schedule_in_future),
    (frozenset({"schedule"}), purpose_checks.check_schedule_of_each_minute),
    (_TEMPLATES | {"audience", "experiment"}, audience_checks.check_audiences_usable),
)

# Placeholders for required keys that could not be read; checks that read these keys are skipped.
_PLACEHOLDERS: Final[dict[str, object]] = {
    "title": {"fi": "-", "sv": "-", "en": "-"},
    "purpose": "marketing",
    "schedule": {"at": "2018-01-01 00:00"},
}
_ANY_TIME: Final = from_warehouse_time(datetime(2018, 1, 1))  # noqa: DTZ001 - the data a rule reads depend on no day


def load_campaign(
    path: Path,
    vocabulary: RuleVocabulary,
    *,
    audiences: Mapping[str, Audience] | None = None,
    faults: AudienceFaults | None = None,
    newsletters: Collection[str] | None = None,
    templates: Mapping[Channel, Collection[str]] | None = None,
    now: datetime | None = None,
) -> tuple[Campaign, tuple[Problem, ...]]:
    """Return the campaign in the file and its warnings; raise UserError with all problems when it has errors.

    `audiences` are needed only for the data they read: a partner's campaign may not reach purchase lines through
    them. A rule may not name an audience of `faults`. With `newsletters` (those of the settings), the campaign's
    newsletter must be one of them. With `templates` (names by channel), every template must exist. With `now`, a
    one-off schedule in the past gives a warning.
    """
    problems = list(file_name_problems(path))
    at = expand_audience_shorthand(read_yaml(path))
    values = _with_rules(at, vocabulary, problems)
    key_problems = validation_problems(CampaignFile, at, values)
    problems += key_problems.values()
    broken = {str(steps[0]) for steps in key_problems}
    file = CampaignFile.model_validate({**_PLACEHOLDERS, **{key: values[key] for key in values if key not in broken}})
    scope = _scope(vocabulary, audiences or {})
    source = CampaignSource(file, at, vocabulary, scope, newsletters, templates, now, faults or {})
    problems += [problem for keys, check in CHECKS if not keys & broken for problem in check(source)]
    if errors_only(problems):
        raise UserError(problems)
    return source.campaign(path.stem), tuple(problems)


def _with_rules(at: Located, vocabulary: RuleVocabulary, problems: list[Problem]) -> dict[str, object]:
    """Return the values of the file's keys, with every rule parsed."""
    values = {key: part.value for key, part in at.entries()}
    if "audience" in values:
        values["audience"] = read_rule(at.part("audience"), vocabulary, problems)
    if isinstance(values.get("variants"), list):
        values["variants"] = [
            with_parsed_rule(variant, "when", vocabulary, problems) for variant in at.part("variants").items()
        ]
    if "experiment" in values:
        values["experiment"] = with_parsed_rule(
            at.part("experiment"), "goal", replace(vocabulary, is_goal=True), problems
        )
    return values


def _scope(vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]) -> RuleScope:
    placeholders = {name: All(parts=()) for name in vocabulary.audiences}
    matches = {**placeholders, **{name: audience.match for name, audience in audiences.items()}}
    return RuleScope(as_of=_ANY_TIME, zone=ZoneInfo("UTC"), catalogue=vocabulary.catalogue, audiences=matches)
