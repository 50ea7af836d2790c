"""The algebra of permissions: what a member's choices must be, read as SQL or held against one member."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from audiences.stance import Stance
from campaigns.spec.words import Choice, Register


class Columns(Protocol):
    """The columns of a row of choices by name, as `table.c` or a mapping: each choice's, and `register`,
    `newsletters`, `withdrawn`. A row of NULLs, from an outer join, is a member who has said nothing.
    """

    def __getitem__(self, name: str, /) -> ColumnElement[Any]: ...


class Expression(ABC):
    """A condition on choices with two readings that agree; never unknown."""

    @abstractmethod
    def sql(self, columns: Columns) -> ColumnElement[bool]:
        """The condition over a row of choices."""

    @abstractmethod
    def holds(self, stance: Stance) -> bool:
        """Whether one member fulfils the condition."""

    def __and__(self, other: "Expression") -> "Expression":
        return _Both(self, other)

    def __or__(self, other: "Expression") -> "Expression":
        return _Either(self, other)

    def __invert__(self) -> "Expression":
        return _Opposite(self)


def allows(choice: Choice) -> Expression:
    """The member said yes; no record is no."""
    return _On(choice)


def forbids(choice: Choice) -> Expression:
    """The member did not make a choice that forbids; no record is no objection."""
    return ~_On(choice)


@dataclass(frozen=True, slots=True)
class Subscribes(Expression):
    """The member subscribes to a newsletter."""

    newsletter: str

    def sql(self, columns: Columns) -> ColumnElement[bool]:
        return _listed(columns["newsletters"], self.newsletter)

    def holds(self, stance: Stance) -> bool:
        return self.newsletter in stance.newsletters


@dataclass(frozen=True, slots=True)
class Withdrew(Expression):
    """The member once allowed a choice, named as the record names it, and took it back."""

    choice: str

    def sql(self, columns: Columns) -> ColumnElement[bool]:
        return _listed(columns["withdrawn"], self.choice)

    def holds(self, stance: Stance) -> bool:
        return self.choice in stance.withdrawn


@dataclass(frozen=True, slots=True)
class InRegister(Expression):
    """The member stands in a register."""

    register: Register

    def sql(self, columns: Columns) -> ColumnElement[bool]:
        return func.coalesce(columns["register"], "") == self.register.value

    def holds(self, stance: Stance) -> bool:
        return stance.register is self.register


@dataclass(frozen=True, slots=True)
class _On(Expression):
    choice: Choice

    def sql(self, columns: Columns) -> ColumnElement[bool]:
        return func.coalesce(columns[self.choice.value], false())

    def holds(self, stance: Stance) -> bool:
        return self.choice in stance.on


@dataclass(frozen=True, slots=True)
class _Both(Expression):
    one: Expression
    other: Expression

    def sql(self, columns: Columns) -> ColumnElement[bool]:
        return and_(self.one.sql(columns), self.other.sql(columns))

    def holds(self, stance: Stance) -> bool:
        return self.one.holds(stance) and self.other.holds(stance)


@dataclass(frozen=True, slots=True)
class _Either(Expression):
    one: Expression
    other: Expression

    def sql(self, columns: Columns) -> ColumnElement[bool]:
        return or_(self.one.sql(columns), self.other.sql(columns))

    def holds(self, stance: Stance) -> bool:
        return self.one.holds(stance) or self.other.holds(stance)


@dataclass(frozen=True, slots=True)
class _Opposite(Expression):
    part: Expression

    def sql(self, columns: Columns) -> ColumnElement[bool]:
        return not_(self.part.sql(columns))

    def holds(self, stance: Stance) -> bool:
        return not self.part.holds(stance)


def _listed(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a text of names, each between bars, holds `name`."""
    return func.coalesce(column, "").contains(f"|{name}|", autoescape=True)
