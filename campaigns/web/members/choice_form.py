"""What a form with the choices says: those that somebody touched on the page that they saw, each under its wording."""

from collections.abc import Callable, Iterator, Mapping

from fastapi import HTTPException

from audiences.consent.consent_state import Entry, Stance
from audiences.consent.opt_out import Saying
from campaigns.web.forms import Posted
from campaigns.web.members.choice_list import Item


def touched(
    form: Posted, member_id: str, stance: Stance, offered: Mapping[str, Item], saying: Callable[[str], Saying]
) -> Iterator[Entry]:
    """The entries to record; `saying` is told the wording of each. HTTP 400 for a form that is not one of ours.

    A choice that changed meanwhile, in another window, is left as it is unless it was touched on this page.
    """
    ticked = set(form.every("on"))
    for shown in form.every("shown"):
        choice, _, rest = shown.partition("|")
        was, _, wording = rest.partition("|")
        item = offered.get(choice)
        if item is None or was not in {"on", "off"}:
            raise HTTPException(400)
        wanted = choice in ticked
        if wanted is not (was == "on") and wanted is not item.is_ticked(stance):
            yield saying(wording).entry(member_id, choice, wanted is item.ticked_is_on)
