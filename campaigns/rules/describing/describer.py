"""Descriptions of values, lists and comparisons in one language, without the cost of importing a locale library."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from campaigns.core.model.catalogue import CatalogueColumn
from campaigns.core.model.condition import Argument, ValueComparison
from campaigns.core.model.enums import DataClass, Language
from campaigns.rules.describing.english import ENGLISH
from campaigns.rules.describing.finnish import FINNISH
from campaigns.rules.describing.phrases import LanguagePhrases
from campaigns.rules.describing.swedish import SWEDISH
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.comparison import DATE_RANGE_LABELS, RANGE_LABELS
from campaigns.rules.operators.labels import OperatorLabels
from campaigns.rules.operators.measures import MeasureUnit

_PHRASES: Final[dict[Language, LanguagePhrases]] = {
    Language.FI: FINNISH,
    Language.SV: SWEDISH,
    Language.EN: ENGLISH,
}
_RECEIVER_PHRASES: Final = {language: phrases.for_receivers() for language, phrases in _PHRASES.items()}
_SIGNS: Final = {"EUR": "€"}

Join = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Describer:
    """Describer of values and comparisons in one language and currency."""

    language: Language
    currency: str = "EUR"
    for_receivers: bool = False
    """Whether receivers of messages read it: values by their labels, never by codes."""

    @property
    def phrases(self) -> LanguagePhrases:
        """Phrases of the language."""
        return (_RECEIVER_PHRASES if self.for_receivers else _PHRASES)[self.language]

    def clauses(
        self,
        comparisons: Sequence[ValueComparison],
        unit: MeasureUnit = MeasureUnit.NUMBER,
        *,
        denied: bool = False,
        subordinate: bool = False,
        column: CatalogueColumn | None = None,
    ) -> str:
        """Return the comparisons with verbs: `is at least 3 and is not 5`; denied means that at least one fails.

        Receivers read the values of a `column` by their labels.
        """
        if column is not None and self.for_receivers:
            comparisons = [self._labelled_values(comparison, column) for comparison in comparisons]
        clauses = [
            labels.clause(self.language, text, denied=denied, subordinate=subordinate)
            for labels, text in self._labelled(comparisons, unit)
        ]
        return self.join(clauses, self.phrases.disjunction if denied else self.phrases.conjunction)

    def label(self, value: str, column: CatalogueColumn) -> str | None:
        """Return the name of a value for receivers; None for a code without a name."""
        label = column.label(value)
        if label is not None:
            return label.text(self.language)
        return None if column.values or column.categories or column.data_class is DataClass.BASKET else value

    def _labelled_values(self, comparison: ValueComparison, column: CatalogueColumn) -> ValueComparison:
        argument = comparison.argument
        if isinstance(argument, str):
            return replace(comparison, argument=self.label(argument, column) or self.phrases.unnamed_value)
        if isinstance(argument, tuple) and all(isinstance(value, str) for value in argument):
            labels = (self.label(str(value), column) or self.phrases.unnamed_value for value in argument)
            return replace(comparison, argument=tuple(dict.fromkeys(labels)))
        return comparison

    def adverb(self, comparisons: Sequence[ValueComparison], unit: MeasureUnit) -> str:
        """Return the comparisons without verbs, as in `at least 2 times and at most 5 times`."""
        phrases = [labels.phrase(self.language, text) for labels, text in self._labelled(comparisons, unit)]
        return self.join(phrases, self.phrases.conjunction)

    def join(self, texts: Sequence[str], word: str) -> str:
        """Return the texts as a list: `a, b and c`."""
        *before, last = texts
        return f"{', '.join(before)} {word} {last}" if before else last

    def share(self, share: Decimal) -> str:
        """Return a share in percent."""
        return self._with_unit([share], "".join, MeasureUnit.SHARE)

    def _labelled(
        self, comparisons: Sequence[ValueComparison], unit: MeasureUnit
    ) -> Iterator[tuple[OperatorLabels, str]]:
        """Yield each comparison's labels with its argument as text; `from` and `to` together are one range."""
        bounds = {
            comparison.keyword: comparison.argument
            for comparison in comparisons
            if comparison.keyword in ("from", "to")
        }
        if len(bounds) == 2:
            labels = DATE_RANGE_LABELS if isinstance(bounds["from"], date) else RANGE_LABELS
            yield labels, self._with_unit([bounds["from"], bounds["to"]], self.phrases.number_format.to.join, unit)
        for comparison in comparisons:
            if len(bounds) < 2 or comparison.keyword not in bounds:
                yield (
                    OPERATORS[comparison.keyword].labels_for(comparison.argument),
                    self._argument(comparison.argument, unit),
                )

    def _argument(self, argument: Argument, unit: MeasureUnit) -> str:
        if isinstance(argument, timedelta):
            return self._number(Decimal(argument.days))
        values = argument if isinstance(argument, tuple) else (argument,)
        return self._with_unit(values, lambda texts: self.join(texts, self.phrases.disjunction), unit)

    def _with_unit(self, values: Sequence[Argument], join: Join, unit: MeasureUnit) -> str:
        """Return the values with one unit for all: `20–50 €`, `2 or 3 times`."""
        numbers = self.phrases.number_format
        texts = [self._value(value, unit) for value in values]
        match unit:
            case MeasureUnit.MONEY:
                sign = _SIGNS.get(self.currency, f"{self.currency}\u00a0" if numbers.sign_first else self.currency)
                if numbers.sign_first:
                    return join([numbers.price.format(text, sign) for text in texts])
                return numbers.price.format(join(texts), sign)
            case MeasureUnit.SHARE:
                return f"{join(texts)}{numbers.percent}"
            case MeasureUnit.TIMES:
                return self.phrases.once if list(values) == [1] else self.phrases.times.format(join(texts))
            case _:
                return join(texts)

    def _value(self, value: Argument, unit: MeasureUnit) -> str:
        match value:
            case bool():
                return self.phrases.number_format.yes if value else self.phrases.number_format.no
            case date():
                return self.phrases.number_format.day(value)
            case int() | Decimal():
                return self._number(Decimal(value) * 100 if unit is MeasureUnit.SHARE else Decimal(value), unit)
            case _:
                return str(value)

    def _number(self, number: Decimal, unit: MeasureUnit = MeasureUnit.NUMBER) -> str:
        is_whole = number == number.to_integral_value()
        text = f"{number:,.2f}" if unit is MeasureUnit.MONEY and not is_whole else f"{_shortest(number):,f}"
        return text.translate(
            str.maketrans(",.", self.phrases.number_format.thousands + self.phrases.number_format.decimal_sign)
        )


def _shortest(number: Decimal) -> Decimal:
    """Return the number without trailing zeros and without an exponent."""
    return Decimal(f"{number.normalize():f}")
