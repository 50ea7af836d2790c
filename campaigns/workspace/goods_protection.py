"""Protection of sensitive goods: what the catalogue names must be in the product register (FI-12, FI-20 to FI-22).

A catalogue in other words than the register's protects nothing, so nothing that uses products goes on with one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Final

from audiences.warehouse.product_kinds import ProductKinds
from campaigns.core.errors import FilePosition, Problem, Severity, UserError, errors_only
from campaigns.core.model.catalogue import Catalogue, ReviewRequirement
from campaigns.core.model.goods_classes import (
    NONE_EXAMPLE,
    ClassifiedGoods,
    NoSuchGoods,
    RestrictedClass,
    SpecialClass,
    comparable,
)
from campaigns.core.yaml.source import read_yaml
from campaigns.workspace.goods_hints import GoodsClass, resembling_values
from campaigns.workspace.offer_goods import KindsOfProducts, OfferGoods
from campaigns.workspace.reviewed_categories import ReviewedCategory, unreviewed_categories

CLASSES: Final[tuple[GoodsClass, ...]] = (*SpecialClass, *RestrictedClass)
_MAX_LISTED: Final = 5
_REVIEW: Final = "`viesti catalogue review`"


@dataclass(frozen=True)
class GoodsProtection:
    """Catalogue, in its file, against the register's products, on a day."""

    catalogue: Catalogue
    file: Path
    kinds: ProductKinds
    reviewed: tuple[ReviewedCategory, ...]
    today: date
    kinds_of_products: KindsOfProducts = lambda _product_ids: {}

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Return an error for each class without protection, and warnings; none for a register without products."""
        return tuple(self._problems())

    @cached_property
    def offer_goods(self) -> OfferGoods:
        """Goods that offers may show."""
        return OfferGoods(self.catalogue, self.kinds, self.kinds_of_products)

    def require(self) -> None:
        """Raise UserError when a class has no protection."""
        errors = errors_only(self.problems)
        if errors:
            raise UserError(errors)

    def require_special(self) -> None:
        """Raise UserError when a class of special goods has no protection, so that their lines would be read."""
        problems = [problem for goods_class in SpecialClass for problem in self._class_problems(goods_class)]
        if self.kinds.rows and errors_only(problems):
            raise UserError(errors_only(problems))

    def _problems(self) -> Iterator[Problem]:
        if self.kinds.rows and not self.catalogue.classified_goods:
            yield self._undecided_problem()
        elif self.kinds.rows:
            for goods_class in CLASSES:
                yield from self._class_problems(goods_class)
            yield from self._review_problems()

    def _undecided_problem(self) -> Problem:
        """Return the problem of a catalogue that names no class at all, as in a new workspace."""
        message = (
            f"the catalogue does not say which of the register's {self.kinds.product_count} products are sensitive: "
            "until it does, nothing that uses products is planned or sent"
        )
        hint = f"{_REVIEW} lists the register's words, and drafts the lines to add"
        return Problem(self._place(SpecialClass.MEDICINES), message, "unprotected_goods", hint)

    def _class_problems(self, goods_class: GoodsClass) -> Iterator[Problem]:
        goods = self.catalogue.classified_goods.get(goods_class)
        if goods is None:
            message = (
                f"the catalogue names no goods of the class `{goods_class}`, "
                f"and the register has {self.kinds.product_count} products"
            )
            yield self._problem(goods_class, message, "unprotected_goods", self._next_step(goods_class))
        elif goods.none is not None:
            yield from self._none_problems(goods_class, goods.none)
        else:
            yield from self._value_problems(goods_class, goods)

    def _none_problems(self, goods_class: GoodsClass, none: NoSuchGoods) -> Iterator[Problem]:
        if none.date > self.today:
            message = f"`{goods_class}`: `none` is dated {none.date}, and today is {self.today}"
            yield self._problem(goods_class, message, "none_in_future", "the day on which somebody looked")
            return
        doubtful = self._resembling(goods_class)
        if doubtful:
            message = (
                f"`{goods_class}`: `none` since {none.date} ({none.name}), but the register has {_listed(doubtful)}"
            )
            hint = f"name them here if they are such goods; {_REVIEW}"
            yield self._problem(goods_class, message, "doubtful_none", hint, Severity.WARNING)

    def _value_problems(self, goods_class: GoodsClass, goods: ClassifiedGoods) -> Iterator[Problem]:
        missing = {
            column: [value for value in values if comparable(value) not in self.kinds.spellings.get(column, ())]
            for column, values in goods.values.items()
        }
        listed = "; ".join(f"{column}: {_listed(values)}" for column, values in missing.items() if values)
        if missing == {column: list(values) for column, values in goods.values.items()}:
            message = f"`{goods_class}` is not protected: none of its values is in the product register ({listed})"
            yield self._problem(goods_class, message, "unprotected_goods", self._next_step(goods_class))
        elif listed:
            message = f"`{goods_class}` is protected in part: not, or no longer, in the product register: {listed}"
            hint = f"the register's present words; {_REVIEW} lists what is new"
            yield self._problem(goods_class, message, "missing_goods", hint, Severity.WARNING)

    def _review_problems(self) -> Iterator[Problem]:
        unreviewed = list(unreviewed_categories(self.kinds, self.reviewed))
        if unreviewed:
            first = sorted(unreviewed, key=lambda category: (not category.suggested, -category.products))
            names = _listed([category.value for category in first])
            noun = "category of the product register" if len(unreviewed) == 1 else "categories of the product register"
            severity = Severity.WARNING
            if self.catalogue.unreviewed_categories is ReviewRequirement.ERROR:
                severity = Severity.ERROR
            message = f"nobody has looked at {len(unreviewed)} {noun}: {names}"
            hint = f"{_REVIEW}; then `--done`"
            yield Problem(FilePosition(str(self.file)), message, "unreviewed_categories", hint, severity)

    def _next_step(self, goods_class: GoodsClass) -> str:
        nearest = self._resembling(goods_class) or self._closest(goods_class)
        words = f"{_listed(nearest)}, if they are such goods; or " if nearest else ""
        return f"{_REVIEW} lists the register's words; name {words}`{goods_class}: {{{NONE_EXAMPLE}}}`"

    def _resembling(self, goods_class: GoodsClass) -> list[str]:
        """Return the register's values whose words resemble a class, and that no class names."""
        return [
            f"{column} {value}"
            for column, values in self.kinds.values.items()
            for value in resembling_values(goods_class, values)
            if not self._is_named(column, value)
        ]

    def _is_named(self, column: str, value: str) -> bool:
        form = comparable(value)
        named = (self.catalogue.special_values, self.catalogue.restricted_values)
        return any(form in values.get(column, ()) for values in named)

    def _closest(self, goods_class: GoodsClass) -> list[str]:
        """Return the register's values that are spelt most like those that the catalogue names."""
        goods = self.catalogue.classified_goods.get(goods_class)
        spellings = {} if goods is None else {column: self.kinds.spellings[column] for column in goods.values}
        return list(
            dict.fromkeys(
                f"{column} {spelling}"
                for column, by_form in spellings.items()
                for value in goods.values[column]  # type: ignore[union-attr]  # spellings are empty without goods
                for form in get_close_matches(comparable(value), by_form, n=1)
                for spelling in by_form[form]
            )
        )

    def _problem(
        self, goods_class: GoodsClass, message: str, code: str, hint: str, severity: Severity = Severity.ERROR
    ) -> Problem:
        return Problem(self._place(goods_class), message, code, hint, severity)

    def _place(self, goods_class: GoodsClass) -> FilePosition:
        """Return the place of a class in the catalogue file; where it is not declared, that of `products`."""
        at = read_yaml(self.file).part("tables").part("products")
        key = "special_when" if isinstance(goods_class, SpecialClass) else "restricted_when"
        for step in (key, goods_class.value):
            if not isinstance(at.value, dict) or step not in at.value:
                break
            at = at.part(step)
        return at.key_place


def _listed(values: Sequence[str]) -> str:
    listed = ", ".join(f"`{value}`" for value in values[:_MAX_LISTED])
    more = len(values) - _MAX_LISTED
    return f"{listed} and {more} more" if more > 0 else listed
