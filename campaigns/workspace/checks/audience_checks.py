"""Check of the audiences that a campaign's rules name."""

from collections.abc import Iterator

from campaigns.core.errors import Problem
from campaigns.workspace.audience_folders import reference_faults
from campaigns.workspace.campaign_source import CampaignSource


def check_audiences_usable(source: CampaignSource) -> Iterator[Problem]:
    """Refuse audiences that have a fault, with the problems of their files."""
    problems = (problem for rule, _ in source.rules() for problem in reference_faults(rule, source.faults))
    yield from dict.fromkeys(problems)
