"""Whether a partner's campaign keeps to what members have answered about partners."""

from collections.abc import Iterator

from campaigns.errors import Problem
from campaigns.loading.draft import Draft, error
from campaigns.rules.uses import uses
from campaigns.spec.condition import Condition
from campaigns.spec.located import Located
from campaigns.spec.words import DataClass, Purpose


def partner_writes_marketing(draft: Draft) -> Iterator[Problem]:
    """Members answer for partners about marketing only."""
    if draft.file.sender.partner and draft.file.purpose is not Purpose.MARKETING:
        message = f"a partner's message is `marketing`, not `{draft.file.purpose}`"
        yield error(draft.key("purpose"), message, "partner_purpose", "`purpose: marketing`, or remove `sender`")


def partner_sees_no_baskets(draft: Draft) -> Iterator[Problem]:
    """A click would tell the partner what the member buys (design, section 5)."""
    if not draft.file.sender.partner:
        return
    for rule, at in _rules(draft):
        if DataClass.BASKET in uses(rule, draft.scope).classes:
            hint = "receipt totals (`shopped`) and what members have told are permitted"
            yield error(at, "a partner's campaign may not use purchase lines", "partner_basket", hint)
    for _, at in draft.offer_choices():
        message = "offers are ranked by what a member buys, which a partner's campaign may not use"
        yield error(at, message, "partner_basket", "write the partner's offer into the template")


def _rules(draft: Draft) -> Iterator[tuple[Condition, Located]]:
    """Every rule of the campaign and the place of its key."""
    if draft.file.audience is not None:
        yield draft.file.audience, draft.key("audience")
    for variant, at in zip(draft.variants, draft.variants_at(), strict=True):
        if variant.when is not None:
            yield variant.when, at.part("when")
    if draft.file.experiment is not None and draft.file.experiment.goal is not None:
        yield draft.file.experiment.goal, draft.key("experiment").part("goal")
