"""How fast the sender of e-mail may be heard: by each receiving domain, and while its reputation is young."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field

from campaigns.core.model.campaign import Rate
from campaigns.core.model.localised_text import Frozen

_MOST: Final = 10**9


class WarmUp(Frozen):
    """A new sender grows: `first_day` messages on the day `start`, and each day `growth` times those of the day before.

    They go evenly over the day. From `until` messages a day on, nothing is held back any more.
    """

    start: date
    first_day: Annotated[int, Field(ge=1, le=_MOST, strict=True)]
    growth: Annotated[Decimal, Field(gt=1, le=10)]
    until: Annotated[int, Field(ge=1, le=_MOST, strict=True)] = 1_000_000

    def rate_on(self, day: date) -> Rate | None:
        """The rate of a day; None: as fast as one likes. Before the first day it is the first day's."""
        messages: Decimal = Decimal(self.first_day)
        for _ in range((day - self.start).days):
            messages *= self.growth
            if messages >= self.until:
                return None
        return None if messages >= self.until else Rate(int(messages), timedelta(days=1))
