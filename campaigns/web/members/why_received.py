"""Page "Why did I get this": from the stored decision and evidence, never computed again (C-09)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from campaigns.core.clock import local_day
from campaigns.core.model.catalogue import KEY_COLUMNS, Catalogue
from campaigns.core.model.enums import DataClass, Language, Purpose
from campaigns.core.model.legal_basis import legal_basis
from campaigns.rendering.offer_reason_text import ExplainedOffer, Reader, explain_offers
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.store.runs.linked_message import PlannedMessage
from campaigns.web.page_context import READ_METHODS, PageContext


@dataclass(frozen=True)
class WhyPage:
    """Page behind a message's "why" link."""

    page_context: PageContext

    def add_routes(self, router: APIRouter) -> None:
        """Add the only page, read-only."""
        router.add_api_route(
            f"/{LINK_PATHS['why']}/{{token}}", self.show, methods=READ_METHODS, response_class=HTMLResponse
        )

    def show(self, request: Request, token: str) -> HTMLResponse:
        """Show the message and why it was sent; nothing about its recipient."""
        linked_message = self.page_context.linked_message(request, "why", token)
        repository, message = self.page_context.context.repository, linked_message.message
        return self.page_context.render(
            request,
            "why",
            linked_message.language,
            message=explanation(message, repository.catalogue, linked_message.language),
            offers=offer_reasons(message, linked_message.language) if linked_message.names_purchases else (),
            partner=message.partner,
            chosen_on=local_day(message.due_at, repository.settings.zone),
            stop=self.page_context.message_path("unsubscribe", LINK_PATHS["unsubscribe"], message)
            if linked_message.kind.opt_out_choice
            else None,
            preferences=self.page_context.message_path("preferences", LINK_PATHS["preferences"], message),
        )


def explanation(message: PlannedMessage, catalogue: Catalogue, language: Language) -> Mapping[str, Any]:
    """Return the values of the page in its language.

    Conditions on products are left out, text and data, where the decision did not use them: the recipient may have
    forbidden it.
    """
    evidence, products = message.evidence, message.evidence["products"]
    hides_audience = products["audience"] and not message.used_basket
    hides_variant = message.variant in products["variants"] and not message.used_basket
    variant = None if hides_variant else message.variant
    purchases = _purchases(message)
    data = _data(evidence["data"], catalogue, language, with_basket=message.used_basket)
    return {
        "title": _localised(evidence["title"], language),
        "purpose": message.purpose.value,
        "basis": legal_basis(message.purpose, message.channel).value,
        "channel": message.channel.value,
        "is_newsletter": message.purpose is Purpose.NEWSLETTER,
        "hidden": hides_audience or hides_variant,
        "audience": None if hides_audience else _localised(evidence["audience"], language),
        "variant": None if variant is None else _localised(evidence["variants"].get(variant), language),
        "data": data,
        "grounds": [meaning for data_class, meanings in data for meaning in _grounds(data_class, meanings)],
        "goods": _goods(evidence.get("goods", {}), variant, language, with_audience=not hides_audience)
        if message.used_basket
        else [],
        "purchases": purchases,
        "offers": evidence["offers"] and message.used_basket,
    }


def offer_reasons(message: PlannedMessage, language: Language) -> Sequence[ExplainedOffer]:
    """Return the offers of a message that purchases chose, each with its reason as the decision keeps it.

    None in a partner's message.
    """
    if message.partner is not None:
        return ()
    names = message.evidence.get("offer_names", {})
    offers = explain_offers(message.offers, names, language, Reader.RECEIVER)
    return [offer for offer in offers if offer.reason is not None]


def _grounds(data_class: DataClass, meanings: Sequence[str]) -> Sequence[str]:
    """Return the data of a class as the summary names it; purchases have a sentence of their own."""
    return [] if data_class in {DataClass.TOTALS, DataClass.BASKET} else [_lower(meaning) for meaning in meanings]


def _lower(meaning: str) -> str:
    return meaning if meaning[1:2].isupper() else meaning[:1].lower() + meaning[1:]


def _goods(goods: Mapping[str, Any], variant: str | None, language: Language, *, with_audience: bool) -> Sequence[str]:
    """Return the names of the goods that the rules asked for, each once."""
    rules = [goods.get("audience", {})] if with_audience else []
    rules += [goods.get("variants", {}).get(variant, {})] if variant is not None else []
    return list(dict.fromkeys(name for rule in rules for name in rule.get(language.value, ())))


def _localised(texts: Mapping[str, str] | None, language: Language) -> str | None:
    return None if texts is None else texts[language.value]


def _purchases(message: PlannedMessage) -> str:
    if message.used_basket:
        return "used"
    return "totals" if DataClass.TOTALS in message.evidence["classes"] else "unused"


def _data(
    names: Iterable[str], catalogue: Catalogue, language: Language, *, with_basket: bool
) -> list[tuple[DataClass, list[str]]]:
    """Return the columns that were read, by data class and meaning.

    Left out are columns that only join rows, and those no longer in the catalogue.
    """
    read: dict[DataClass, list[str]] = {}
    for name in names:
        table, _, column_name = name.partition(".")
        column = catalogue.tables[table].columns.get(column_name) if table in catalogue.tables else None
        if column is None or column_name in KEY_COLUMNS or (column.data_class is DataClass.BASKET and not with_basket):
            continue
        meanings = read.setdefault(column.data_class, [])
        if (meaning := column.meaning.text(language)) not in meanings:
            meanings.append(meaning)
    return sorted(read.items(), key=lambda entry: list(DataClass).index(entry[0]))
