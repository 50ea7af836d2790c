"""For which moment, catalogue and members a rule is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns.rules.moment import Moment
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.condition import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule is asked against. `as_of` is aware; days are those of `zone`.

    `salt` is the name of the campaign or audience the rules belong to: a `sample` without a salt of its own uses it.
    `members` narrows the answer to the listed ids; empty: everybody.
    """

    as_of: datetime
    zone: ZoneInfo
    catalogue: Catalogue
    audiences: Mapping[str, Condition]
    salt: str = ""
    members: tuple[str, ...] = ()

    @property
    def moment(self) -> Moment:
        """The moment, seen from the zone."""
        return Moment(self.as_of, self.zone)
