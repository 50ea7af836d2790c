"""Checks that a partner's campaign keeps to the members' choices about partners."""

from collections.abc import Iterator

from campaigns.core.errors import Problem
from campaigns.core.model.enums import DataClass, Purpose
from campaigns.rules.data_usage import data_usage
from campaigns.workspace.campaign_source import CampaignSource, error


def check_partner_purpose(source: CampaignSource) -> Iterator[Problem]:
    """Refuse other purposes than marketing: members' choices about partners cover marketing only."""
    if source.file.sender.partner and source.file.purpose is not Purpose.MARKETING:
        message = f"a partner's message is `marketing`, not `{source.file.purpose}`"
        yield error(
            source.part_or_file("purpose"), message, "partner_purpose", "`purpose: marketing`, or remove `sender`"
        )


def check_no_purchase_lines_for_partner(source: CampaignSource) -> Iterator[Problem]:
    """Refuse rules and offers based on purchase lines: a click would reveal purchases (design, section 5)."""
    if not source.file.sender.partner:
        return
    for rule, at in source.rules():
        if DataClass.BASKET in data_usage(rule, source.scope).data_classes:
            hint = "receipt totals (`shopped`) and what members have told are permitted"
            yield error(at, "a partner's campaign may not use purchase lines", "partner_basket", hint)
    for _, at in source.offer_choices():
        message = "offers are ranked by what a member buys, which a partner's campaign may not use"
        yield error(at, message, "partner_basket", "write the partner's offer into the template")
