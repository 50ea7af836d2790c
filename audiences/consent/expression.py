"""Consent conditions over a member's choices, as SQL or evaluated for one member."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from audiences.consent.consent_state import ConsentState
from campaigns.core.model.enums import Choice, Register


class ChoiceColumns(Protocol):
    """Columns of a row of choices by name, as `table.c` or a mapping.

    They are each choice, `register`, `newsletters` and `withdrawn`. A row of NULLs, from an outer join, is a member
    without choices.
    """

    def __getitem__(self, name: str, /) -> ColumnElement[Any]: ...


class ConsentCondition(ABC):
    """Condition on choices, in SQL and in Python with the same result; never unknown."""

    @abstractmethod
    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        """Return the condition over a row of choices."""

    @abstractmethod
    def is_met_by(self, state: ConsentState) -> bool:
        """Return whether one member fulfils the condition."""

    def __and__(self, other: "ConsentCondition") -> "ConsentCondition":
        return _And(self, other)

    def __or__(self, other: "ConsentCondition") -> "ConsentCondition":
        return _Or(self, other)

    def __invert__(self) -> "ConsentCondition":
        return _Not(self)


def allows(choice: Choice) -> ConsentCondition:
    """Return the condition that the member said yes; no record means no."""
    return _ChoiceOn(choice)


def forbids(choice: Choice) -> ConsentCondition:
    """Return the condition that the member did not make a forbidding choice; no record means no objection."""
    return ~_ChoiceOn(choice)


@dataclass(frozen=True, slots=True)
class SubscribesTo(ConsentCondition):
    """Condition: the member subscribes to a newsletter."""

    newsletter: str

    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        return _contains_name(columns["newsletters"], self.newsletter)

    def is_met_by(self, state: ConsentState) -> bool:
        return self.newsletter in state.newsletters


@dataclass(frozen=True, slots=True)
class HasWithdrawn(ConsentCondition):
    """Condition: the member once allowed a choice (named as in the record) and withdrew it."""

    choice: str

    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        return _contains_name(columns["withdrawn"], self.choice)

    def is_met_by(self, state: ConsentState) -> bool:
        return self.choice in state.withdrawn


@dataclass(frozen=True, slots=True)
class InRegister(ConsentCondition):
    """Condition: the member belongs to a register."""

    register: Register

    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        return func.coalesce(columns["register"], "") == self.register.value

    def is_met_by(self, state: ConsentState) -> bool:
        return state.register is self.register


@dataclass(frozen=True, slots=True)
class _ChoiceOn(ConsentCondition):
    choice: Choice

    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        return func.coalesce(columns[self.choice.value], false())

    def is_met_by(self, state: ConsentState) -> bool:
        return self.choice in state.on


@dataclass(frozen=True, slots=True)
class _And(ConsentCondition):
    one: ConsentCondition
    other: ConsentCondition

    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        return and_(self.one.sql(columns), self.other.sql(columns))

    def is_met_by(self, state: ConsentState) -> bool:
        return self.one.is_met_by(state) and self.other.is_met_by(state)


@dataclass(frozen=True, slots=True)
class _Or(ConsentCondition):
    one: ConsentCondition
    other: ConsentCondition

    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        return or_(self.one.sql(columns), self.other.sql(columns))

    def is_met_by(self, state: ConsentState) -> bool:
        return self.one.is_met_by(state) or self.other.is_met_by(state)


@dataclass(frozen=True, slots=True)
class _Not(ConsentCondition):
    part: ConsentCondition

    def sql(self, columns: ChoiceColumns) -> ColumnElement[bool]:
        return not_(self.part.sql(columns))

    def is_met_by(self, state: ConsentState) -> bool:
        return not self.part.is_met_by(state)


def _contains_name(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return SQL: whether a text of names between bars contains `name`."""
    return func.coalesce(column, "").contains(f"|{name}|", autoescape=True)
