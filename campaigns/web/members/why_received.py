"""Page "Why did I get this": from the stored decision and evidence, never computed again (C-09)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from campaigns.core.clock import local_day
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import DataClass, Language, Purpose
from campaigns.core.model.legal_basis import legal_basis
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.store.runs.linked_message import PlannedMessage
from campaigns.web.page_context import READ_METHODS, PageContext


@dataclass(frozen=True)
class WhyPage:
    """Page behind a message's "why" link."""

    page_context: PageContext

    def routes(self) -> APIRouter:
        """Return the only page, read-only."""
        router = APIRouter()
        router.add_api_route(
            f"/{LINK_PATHS['why']}/{{token}}", self.show, methods=READ_METHODS, response_class=HTMLResponse
        )
        return router

    def show(self, request: Request, token: str) -> HTMLResponse:
        """Show the message and why it was sent; nothing about its recipient."""
        linked_message = self.page_context.linked_message(request, "why", token)
        repository, message = self.page_context.context.repository, linked_message.message
        return self.page_context.render(
            request,
            "why",
            linked_message.language,
            message=explanation(message, repository.catalogue, linked_message.language),
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
    return {
        "title": _localised(evidence["title"], language),
        "purpose": message.purpose.value,
        "basis": legal_basis(message.purpose, message.channel).value,
        "channel": message.channel.value,
        "is_newsletter": message.purpose is Purpose.NEWSLETTER,
        "hidden": hides_audience or hides_variant,
        "audience": None if hides_audience else _localised(evidence["audience"], language),
        "variant": None if hides_variant else _localised(evidence["variants"].get(message.variant), language),
        "data": _data(evidence["data"], catalogue, language, with_basket=message.used_basket),
        "purchases": _purchases(message),
        "offers": evidence["offers"] and message.used_basket,
    }


def _localised(texts: Mapping[str, str] | None, language: Language) -> str | None:
    return None if texts is None else texts[language.value]


def _purchases(message: PlannedMessage) -> str:
    if message.used_basket:
        return "used"
    return "totals" if DataClass.TOTALS in message.evidence["classes"] else "unused"


def _data(
    names: Iterable[str], catalogue: Catalogue, language: Language, *, with_basket: bool
) -> list[tuple[DataClass, list[str]]]:
    """Return the columns that were read, by data class and meaning; columns no longer in the catalogue are left out."""
    read: dict[DataClass, list[str]] = {}
    for name in names:
        table, _, column_name = name.partition(".")
        column = catalogue.tables[table].columns.get(column_name) if table in catalogue.tables else None
        if column is None or (column.data_class is DataClass.BASKET and not with_basket):
            continue
        meanings = read.setdefault(column.data_class, [])
        if (meaning := column.meaning.text(language)) not in meanings:
            meanings.append(meaning)
    return sorted(read.items(), key=lambda entry: list(DataClass).index(entry[0]))
