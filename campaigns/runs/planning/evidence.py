"""Evidence of a plan: its rules in words and the data they read, as they were when it was made."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import DataClass, Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.offers.selection import distinct_offers
from campaigns.rendering.offer_reason_text import GoodsName
from campaigns.rules.data_usage import data_usage
from campaigns.rules.describe import describe_for_receivers, goods_for_receivers
from campaigns.rules.expand_audiences import expand_audiences
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.planning.plan_input import PlanInput

AudienceTitles = Mapping[str, str | Localised]


def plan_evidence(plan_input: PlanInput, titles: AudienceTitles, counts: PlanCounts) -> dict[str, Any]:
    """Return the evidence of a plan as JSON (C-09); later changes of a rule do not change the evidence of this run.

    `audience` and each of `variants` are rules in three languages, with named audiences spelled out (None: everybody,
    or all subscribers); `data` lists the columns read, as `table.column`; `classes` their data classes; `products` the
    rules that read purchase lines, and `goods` names what they ask for; `offers` is true when offers were chosen by
    purchases, and `offer_names` has titles and names of goods of those that some send shows, by `counts`. Texts are
    those of a receiver: categories by their labels, no codes.
    """
    campaign = plan_input.campaign
    whens = {variant.name: variant.when for variant in campaign.variants}
    rules = [rule for rule in (campaign.audience, *whens.values()) if rule is not None]
    usages = [data_usage(rule, plan_input.scope) for rule in rules]
    return {
        "title": campaign.title.model_dump(),
        "audience": _in_words(plan_input, campaign.audience, titles),
        "variants": {name: _in_words(plan_input, when, titles) for name, when in whens.items()},
        "data": sorted({f"{table}.{column}" for usage in usages for table, column in usage.columns}),
        "classes": sorted({data_class.value for usage in usages for data_class in usage.data_classes}),
        "products": {
            "audience": _reads_purchase_lines(plan_input, campaign.audience),
            "variants": [name for name, when in whens.items() if _reads_purchase_lines(plan_input, when)],
        },
        "goods": {
            "audience": _goods(plan_input, campaign.audience),
            "variants": {name: _goods(plan_input, when) for name, when in whens.items()},
        },
        "offers": plan_input.uses_baskets_for_offers,
        "offer_names": offer_names(_offers_in_sends(plan_input, counts), plan_input.catalogue),
    }


def offer_names(offers: Iterable[Offer], catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Return the title of each offer and the name of its goods by its id, as the evidence of a run keeps them."""
    return {
        offer.id: {"title": offer.title.model_dump(), **GoodsName.of_offer(offer, catalogue).as_json()}
        for offer in offers
    }


def _offers_in_sends(plan_input: PlanInput, counts: PlanCounts) -> Iterator[Offer]:
    in_sends = {offer_id for offer_id, sends in zip(counts.offer_ids, counts.offer_sends, strict=True) if sends}
    yield from (offer for offer in distinct_offers(plan_input.variant_offers) if offer.id in in_sends)


def _reads_purchase_lines(plan_input: PlanInput, rule: Condition | None) -> bool:
    return rule is not None and DataClass.BASKET in data_usage(rule, plan_input.scope).data_classes


def _in_words(plan_input: PlanInput, rule: Condition | None, titles: AudienceTitles) -> dict[str, str] | None:
    if rule is None:
        return None
    expanded = expand_audiences(rule, plan_input.audiences)  # members cannot look up an audience's name
    return {
        language.value: describe_for_receivers(
            expanded, language, plan_input.catalogue, titles, plan_input.settings.currency
        )
        for language in Language
    }


def _goods(plan_input: PlanInput, rule: Condition | None) -> dict[str, list[str]]:
    if rule is None:
        return {}
    expanded = expand_audiences(rule, plan_input.audiences)
    return {
        language.value: list(goods_for_receivers(expanded, language, plan_input.catalogue)) for language in Language
    }
