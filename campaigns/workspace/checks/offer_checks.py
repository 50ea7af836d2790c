"""Checks of the offers that a campaign asks for."""

from collections.abc import Iterable, Iterator
from typing import Final

from campaigns.core.errors import Problem, closest_match
from campaigns.core.model.enums import Purpose
from campaigns.core.yaml.located import Located
from campaigns.workspace.campaign_source import CampaignSource, error
from campaigns.workspace.offer_goods import forbidden_reason

_NO_MARKETING: Final = (Purpose.SERVICE, Purpose.RIGHTS)
_COLUMNS: Final = ("department", "product_category", "brand")


def check_no_offers_in_service(source: CampaignSource) -> Iterator[Problem]:
    """Refuse offers in service messages: members who opted out of marketing get these, too (A-26)."""
    for _, at in source.offer_choices() if source.file.purpose in _NO_MARKETING else ():
        message = f"a `{source.file.purpose}` campaign shows no offers: members without marketing get it too"
        yield error(at, message, "offers_in_service", "remove `offers`, or say `purpose: marketing`")


def check_offer_values(source: CampaignSource) -> Iterator[Problem]:
    """Refuse unknown values, which would match no offer, and goods that are never offered."""
    for choice, at in source.offer_choices():
        for column in _COLUMNS:
            yield from _value_problems(source, getattr(choice, column), column, at)


def _value_problems(
    source: CampaignSource, values: Iterable[str], column: str, choice_at: Located
) -> Iterator[Problem]:
    field = source.vocabulary.line_fields.get(column)
    for index, value in enumerate(values):
        at = choice_at.part(column).part(index)
        reason = forbidden_reason(source.vocabulary.catalogue, column, value)
        if reason is not None:
            message = f"`{value}` is {reason} in the catalogue and is never offered"
            yield error(at, message, f"{reason}_offer", "leave it out")
        elif field is not None and field.values is not None and value not in field.values:
            hint = closest_match(value, field.values) or "a value of the product register"
            yield error(at, f"`{column}` has no value `{value}`", "unknown_value", hint)
