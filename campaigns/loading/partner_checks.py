"""Whether a partner's campaign keeps to what members have answered about partners."""

from collections.abc import Iterator

from campaigns.errors import Problem
from campaigns.loading.written import Written, error
from campaigns.rules.uses import uses
from campaigns.spec.condition import Condition
from campaigns.spec.located import Located
from campaigns.spec.words import DataClass, Purpose


def partner_writes_marketing(written: Written) -> Iterator[Problem]:
    """Members answer for partners about marketing only."""
    if written.file.sender.partner and written.file.purpose is not Purpose.MARKETING:
        message = f"a partner's message is `marketing`, not `{written.file.purpose}`"
        yield error(written.key("purpose"), message, "partner_purpose", "`purpose: marketing`, or remove `sender`")


def partner_sees_no_baskets(written: Written) -> Iterator[Problem]:
    """A click would tell the partner what the member buys (design, section 5)."""
    if not written.file.sender.partner:
        return
    for rule, at in _rules(written):
        if DataClass.BASKET in uses(rule, written.scope).classes:
            hint = "receipt totals (`shopped`) and what members have told are permitted"
            yield error(at, "a partner's campaign may not use purchase lines", "partner_basket", hint)
    for _, at in written.offer_choices():
        message = "offers are ranked by what a member buys, which a partner's campaign may not use"
        yield error(at, message, "partner_basket", "write the partner's offer into the template")


def _rules(written: Written) -> Iterator[tuple[Condition, Located]]:
    """Every rule of the campaign and the place of its key."""
    if written.file.audience is not None:
        yield written.file.audience, written.key("audience")
    for variant, at in zip(written.variants, written.variants_at(), strict=True):
        if variant.when is not None:
            yield variant.when, at.part("when")
    if written.file.experiment is not None and written.file.experiment.goal is not None:
        yield written.file.experiment.goal, written.key("experiment").part("goal")
