"""Scope of a rule's evaluation: time, catalogue, audiences and members."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.rules.as_of import EvaluationTime


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScope:
    """Scope of a rule's evaluation. `as_of` is aware; days are counted in `zone`.

    `salt` is the name of the campaign or audience that the rules belong to: a `sample` without a salt of its own uses
    it. `members` limits the result to the listed ids; empty: all members.
    """

    as_of: datetime
    zone: ZoneInfo
    catalogue: Catalogue
    audiences: Mapping[str, Condition]
    salt: str = ""
    members: tuple[str, ...] = ()

    @property
    def moment(self) -> EvaluationTime:
        """Evaluation time in the zone."""
        return EvaluationTime(self.as_of, self.zone)
