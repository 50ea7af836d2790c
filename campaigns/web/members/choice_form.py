"""Posted choice form: entries for the choices that were changed on the page, each under its text version."""

from collections.abc import Callable, Iterator, Mapping

from fastapi import HTTPException

from audiences.consent.consent_state import ConsentEntry, ConsentState
from audiences.consent.opt_out import ConsentContext
from campaigns.core.model.enums import NEWSLETTER_PREFIX
from campaigns.web.forms import FormFields
from campaigns.web.members.choice_list import ChoiceItem


def changed_choices(
    form: FormFields,
    member_id: str,
    consent: ConsentState,
    items: Mapping[str, ChoiceItem],
    context_of: Callable[[str], ConsentContext],
) -> Iterator[ConsentEntry]:
    """Return the entries to record; `context_of` takes the text version of each.

    HTTP 400 for an invalid form. A choice that changed meanwhile in another window stays, unless it was changed on this
    page.
    """
    ticked = _ticked(form, items)
    for field in form.values("shown"):
        choice, _, rest = field.partition("|")
        state_shown, _, version = rest.partition("|")
        item = items.get(choice)
        if item is None or state_shown not in {"on", "off"}:
            raise HTTPException(400)
        wanted = choice in ticked
        if wanted is not (state_shown == "on") and wanted is not item.is_ticked(consent):
            yield context_of(version).entry(member_id, choice, wanted is item.ticked_is_on)


def _ticked(form: FormFields, items: Mapping[str, ChoiceItem]) -> set[str]:
    """Return the ticked choices; the buttons for all newsletters tick or untick every one of them."""
    ticked = set(form.values("on"))
    newsletters = {choice for choice in items if choice.startswith(NEWSLETTER_PREFIX)}
    match form.value("newsletters"):
        case "all":
            return ticked | newsletters
        case "none":
            return ticked - newsletters
        case "":
            return ticked
        case _:
            raise HTTPException(400)
