"""Last messages of a member at the desk, each with why it was sent, as far as the agent may know (A-25, C-09)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from campaigns.core.clock import local_day
from campaigns.core.model.enums import DataClass, Language
from campaigns.rendering.offer_reason_text import ExplainedOffer
from campaigns.store.runs.linked_message import MessageOutcome
from campaigns.web.members.code_labels import COLUMN_LABELS
from campaigns.web.members.why_received import explanation, offer_reasons
from campaigns.workspace.context import Context

_PURCHASES: Final = frozenset({DataClass.TOTALS.value, DataClass.BASKET.value, DataClass.SPECIAL.value})


@dataclass(frozen=True, slots=True)
class RecentMessage:
    """Message on the page; `why` has its explanation, `withheld`: it names purchases that the agent may not see.

    `offers` have their reasons, as far as the agent and the member allow it.
    """

    day: date
    channel: str
    state: str
    partner: str | None
    why: Mapping[str, Any]
    withheld: bool
    offers: Sequence[ExplainedOffer]


def recent_messages(
    context: Context,
    messages: Iterable[MessageOutcome],
    language: Language,
    *,
    explain: bool,
    names_purchases: bool,
) -> list[RecentMessage]:
    """Return the messages with their explanations; without `explain`, nothing that follows from purchases.

    With `names_purchases` the member still allows their use, so that reasons of offers are among the explanations.
    """
    shows_reasons = explain and names_purchases
    return [_recent(context, each, language, explain=explain, shows_reasons=shows_reasons) for each in messages]


def _recent(
    context: Context, outcome: MessageOutcome, language: Language, *, explain: bool, shows_reasons: bool
) -> RecentMessage:
    message, repository = outcome.message, context.repository
    why = explanation(message, repository.catalogue, language)
    reads_purchases = not _PURCHASES.isdisjoint(message.evidence["classes"]) or message.used_basket
    return RecentMessage(
        day=local_day(message.due_at, repository.settings.zone),
        channel=COLUMN_LABELS["messages", "channel"].label(message.channel, language),
        state=COLUMN_LABELS["messages", "delivery_state"].label(outcome.state, language),
        partner=message.partner,
        why=why,
        withheld=reads_purchases and not explain,
        offers=offer_reasons(message, language) if shows_reasons else (),
    )
