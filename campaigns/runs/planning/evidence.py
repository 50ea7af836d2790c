"""What a run keeps of its reasons: the rules in words, and the data they read, as they were when it was planned."""

from collections.abc import Mapping
from typing import Any

from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import DataClass, Language
from campaigns.core.model.localised_text import Localised
from campaigns.rules.data_usage import uses
from campaigns.rules.describe import sentence
from campaigns.rules.expand_audiences import inlined
from campaigns.runs.planning.plan_input import Brief

Titles = Mapping[str, str | Localised]


def evidence(brief: Brief, titles: Titles) -> dict[str, Any]:
    """The evidence of a plan as JSON (C-09): a later change of a rule does not change what was true of this run.

    `audience` and each of `variants` in three languages, audiences by what they ask and not by their names (None:
    everybody, or whoever subscribes); `data` the columns read, as `table.column`; `classes` their classes; `products`
    which of the rules read purchase lines; `offers` whether offers were chosen by purchases.
    """
    campaign = brief.campaign
    whens = {variant.name: variant.when for variant in campaign.variants}
    rules = [rule for rule in (campaign.audience, *whens.values()) if rule is not None]
    used = [uses(rule, brief.scope) for rule in rules]
    return {
        "title": campaign.title.model_dump(),
        "audience": _said(brief, campaign.audience, titles),
        "variants": {name: _said(brief, when, titles) for name, when in whens.items()},
        "data": sorted({f"{table}.{column}" for each in used for table, column in each.columns}),
        "classes": sorted({data_class.value for each in used for data_class in each.classes}),
        "products": {
            "audience": _reads_products(brief, campaign.audience),
            "variants": [name for name, when in whens.items() if _reads_products(brief, when)],
        },
        "offers": bool(brief.shelves),
    }


def _reads_products(brief: Brief, rule: Condition | None) -> bool:
    return rule is not None and DataClass.BASKET in uses(rule, brief.scope).classes


def _said(brief: Brief, rule: Condition | None, titles: Titles) -> dict[str, str] | None:
    if rule is None:
        return None
    whole = inlined(rule, brief.audiences)  # a member has no file to look an audience's name up in
    return {
        language.value: sentence(whole, language, brief.catalogue, titles, brief.settings.currency)
        for language in Language
    }
