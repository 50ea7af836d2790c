"""Evidence of a plan: its rules in words and the data they read, as they were when it was made."""

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


def evidence(plan_input: Brief, titles: Titles) -> dict[str, Any]:
    """Return the evidence of a plan as JSON (C-09); later changes of a rule do not change the evidence of this run.

    `audience` and each of `variants` are rules in three languages, with named audiences spelled out (None: everybody,
    or all subscribers); `data` lists the columns read, as `table.column`; `classes` their data classes; `products` the
    rules that read purchase lines; `offers` is true when offers were chosen by purchases.
    """
    campaign = plan_input.campaign
    whens = {variant.name: variant.when for variant in campaign.variants}
    rules = [rule for rule in (campaign.audience, *whens.values()) if rule is not None]
    usages = [uses(rule, plan_input.scope) for rule in rules]
    return {
        "title": campaign.title.model_dump(),
        "audience": _in_words(plan_input, campaign.audience, titles),
        "variants": {name: _in_words(plan_input, when, titles) for name, when in whens.items()},
        "data": sorted({f"{table}.{column}" for usage in usages for table, column in usage.columns}),
        "classes": sorted({data_class.value for usage in usages for data_class in usage.classes}),
        "products": {
            "audience": _reads_purchase_lines(plan_input, campaign.audience),
            "variants": [name for name, when in whens.items() if _reads_purchase_lines(plan_input, when)],
        },
        "offers": bool(plan_input.shelves),
    }


def _reads_purchase_lines(plan_input: Brief, rule: Condition | None) -> bool:
    return rule is not None and DataClass.BASKET in uses(rule, plan_input.scope).classes


def _in_words(plan_input: Brief, rule: Condition | None, titles: Titles) -> dict[str, str] | None:
    if rule is None:
        return None
    expanded = inlined(rule, plan_input.audiences)  # members cannot look up an audience's name
    return {
        language.value: sentence(expanded, language, plan_input.catalogue, titles, plan_input.settings.currency)
        for language in Language
    }
