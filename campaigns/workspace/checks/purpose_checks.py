"""Checks of a campaign's newsletter, audience and schedule against its purpose and the present time."""

from collections.abc import Iterator
from typing import Final

from campaigns.core.errors import Problem, closest_match
from campaigns.core.model.enums import Purpose
from campaigns.rules.data_usage import data_usage
from campaigns.workspace.campaign_source import CampaignSource, error, warning

_RANKING_COLUMNS: Final = frozenset({("purchases", "member_id"), ("purchases", "amount")})


def check_newsletter(source: CampaignSource) -> Iterator[Problem]:
    """Require one newsletter of the settings for a newsletter campaign; refuse it for other purposes."""
    name, at = source.file.newsletter, source.part_or_file("newsletter")
    if source.file.purpose is not Purpose.NEWSLETTER:
        if name is not None:
            hint = "say `purpose: newsletter`, or remove `newsletter`"
            yield error(at, f"a `{source.file.purpose}` campaign has no `newsletter`", "not_a_newsletter", hint)
    elif name is None:
        message = "a newsletter campaign names the list that members subscribe to"
        yield error(
            source.part_or_file("purpose"), message, "missing", "add `newsletter: ...`, a list of config/settings.yaml"
        )
    elif source.newsletters is not None and name not in source.newsletters:
        existing = ", ".join(f"`{newsletter}`" for newsletter in sorted(source.newsletters))
        new = "add it under `newsletters` in config/settings.yaml"
        hint = closest_match(name, source.newsletters) or (f"one of {existing}; or {new}" if existing else new)
        yield error(at, f"there is no newsletter `{name}`", "unknown_newsletter", hint)


def check_columns_allowed(source: CampaignSource) -> Iterator[Problem]:
    """Refuse rules and offers that use a column which the catalogue allows for other purposes only (GD-01)."""
    uses = [(data_usage(rule, source.scope).columns, at) for rule, at in source.rules()]
    if source.file.purpose not in (Purpose.SERVICE, Purpose.RIGHTS):  # whose offers another check refuses
        uses += [(_RANKING_COLUMNS, at) for _, at in source.offer_choices()]
    for columns, at in uses:
        for table, name in sorted(columns):
            column = source.vocabulary.catalogue.tables[table].columns[name]
            if not column.allows(source.file.purpose):
                message = f"`{name}` of `{table}` may not be used for the purpose `{source.file.purpose}`"
                hint = f"the catalogue allows it for {', '.join(f'`{purpose}`' for purpose in column.purposes)}"
                yield error(at, message, "column_purpose", hint)
                break


def check_rights_purpose(source: CampaignSource) -> Iterator[Problem]:
    """Warn of `rights`: it bypasses every choice and is for codes, confirmations and exports."""
    if source.file.purpose is Purpose.RIGHTS:
        message = "`rights` passes every choice but death: it is for codes, confirmations and exports"
        yield warning(
            source.part_or_file("purpose"), message, "rights_purpose", "`purpose: service` for other messages"
        )


def check_audience_present(source: CampaignSource) -> Iterator[Problem]:
    """Warn of a missing audience; only a newsletter has recipients without one, its subscribers."""
    if source.file.audience is None and source.file.purpose is not Purpose.NEWSLETTER:
        message = "without `audience` this goes to everybody in the registers"
        yield warning(source.at, message, "everybody", "add `audience: ...`, unless that is meant")


def check_schedule_in_future(source: CampaignSource) -> Iterator[Problem]:
    """Warn of a one-off schedule in the past: it never starts by itself."""
    schedule = source.file.schedule
    if source.now is not None and schedule.at is not None and schedule.next_after(source.now) is None:
        at = source.part_or_file("schedule").part("at")
        yield warning(at, f"{schedule.at} has passed", "past", "a later moment, or `viesti run` by hand")


def check_schedule_of_each_minute(source: CampaignSource) -> Iterator[Problem]:
    """Warn of `*` as the minute of `cron`, which is meant as "at that hour" and comes sixty times."""
    minute, *rest = (source.file.schedule.cron or "").split() or [""]
    if minute == "*":
        at = source.part_or_file("schedule").part("cron")
        message = "the first part is the minute: with `*` this is due every minute, sixty times an hour"
        yield warning(at, message, "every_minute", f"`0 {' '.join(rest)}`")
