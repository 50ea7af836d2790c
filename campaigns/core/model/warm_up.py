"""Warm-up: daily limit of a new e-mail sender whose reputation is young."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from campaigns.core.model.campaign import SendRate
from campaigns.core.model.localised_text import FrozenModel

_MAX_MESSAGES: Final = 10**9


class WarmUp(FrozenModel):
    """Warm-up of a new sender: `first_day` messages on the day `start`, then each day `growth` times the day before.

    Messages are spread evenly over the day. From `until` messages a day, there is no limit any more.
    """

    start: date
    first_day: Annotated[int, Field(ge=1, le=_MAX_MESSAGES, strict=True)]
    growth: Annotated[Decimal, Field(gt=1, le=10)]
    until: Annotated[int, Field(ge=1, le=_MAX_MESSAGES, strict=True)] = 1_000_000

    def rate_on(self, day: date) -> SendRate | None:
        """Return the rate limit of a day; None: no limit. Days before `start` have the limit of the first day."""
        messages: Decimal = Decimal(self.first_day)
        for _ in range((day - self.start).days):
            messages *= self.growth
            if messages >= self.until:
                return None
        return None if messages >= self.until else SendRate(int(messages), timedelta(days=1))
