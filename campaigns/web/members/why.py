"""Why a message was sent: from the decision and the evidence as they were kept, never computed anew (C-09)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from campaigns.core.clock import local_day
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import DataClass, Language, Purpose
from campaigns.core.model.legal_basis import basis
from campaigns.runs.composing.template_context import LINKS
from campaigns.store.runs.linked_message import Linked
from campaigns.web.page_context import READ, Site


@dataclass(frozen=True)
class Why:
    """The page behind a message's "why" link."""

    site: Site

    def routes(self) -> APIRouter:
        """One page, to be read only."""
        router = APIRouter()
        router.add_api_route(f"/{LINKS['why']}/{{token}}", self.show, methods=READ, response_class=HTMLResponse)
        return router

    def show(self, request: Request, token: str) -> HTMLResponse:
        """What the message was and why it was sent; says nothing of who received it."""
        received = self.site.received(request, "why", token)
        library, message = self.site.engine.library, received.message
        return self.site.answer(
            request,
            "why",
            received.language,
            message=reasons(message, library.catalogue, received.language),
            partner=message.partner,
            chosen_on=local_day(message.due_at, library.settings.zone),
            stop=self.site.link("unsubscribe", LINKS["unsubscribe"], message) if received.kind.ended_by else None,
            preferences=self.site.link("preferences", LINKS["preferences"], message),
        )


def reasons(message: Linked, catalogue: Catalogue, language: Language) -> Mapping[str, Any]:
    """What the page says, in its language.

    Conditions on products are left out, words and data, where the decision did not use them: the receiver may have
    forbidden it.
    """
    evidence, products = message.evidence, message.evidence["products"]
    hides_audience = products["audience"] and not message.used_basket
    hides_variant = message.variant in products["variants"] and not message.used_basket
    return {
        "title": _in(evidence["title"], language),
        "purpose": message.purpose.value,
        "basis": basis(message.purpose, message.channel).value,
        "channel": message.channel.value,
        "is_newsletter": message.purpose is Purpose.NEWSLETTER,
        "hidden": hides_audience or hides_variant,
        "audience": None if hides_audience else _in(evidence["audience"], language),
        "variant": None if hides_variant else _in(evidence["variants"].get(message.variant), language),
        "data": _data(evidence["data"], catalogue, language, with_basket=message.used_basket),
        "purchases": _purchases(message),
        "offers": evidence["offers"] and message.used_basket,
    }


def _in(localised: Mapping[str, str] | None, language: Language) -> str | None:
    return None if localised is None else localised[language.value]


def _purchases(message: Linked) -> str:
    if message.used_basket:
        return "used"
    return "totals" if DataClass.TOTALS in message.evidence["classes"] else "unused"


def _data(
    names: Iterable[str], catalogue: Catalogue, language: Language, *, with_basket: bool
) -> list[tuple[DataClass, list[str]]]:
    """The columns that were read, by class, each by its meaning; what the catalogue declares no more is left out."""
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
