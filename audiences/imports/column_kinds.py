"""Kinds of the columns of an import, by what their values are: dates, numbers, and words of closed lists."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from audiences.consent.consent_state import ConsentSource
from audiences.consent.suppressions import REASONS, AddressKind, SuppressionScope
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice, ColumnType, Language, Purpose, Register
from campaigns.core.model.settings import Settings

_DATES: Final = frozenset(
    {"birth_date", "contact_changed_at", "purchased_at", "at", "sent_at", "redeemed_at", "valid_from", "valid_to"}
)
_NUMBERS: Final = frozenset({"quantity", "amount", "price", "lowest_price_30d", "weight"})
_WORDS: Final[Mapping[str, Collection[str]]] = {
    "register": tuple(Register),
    "language": tuple(Language),
    "state": ("on", "off"),
    "source": tuple(ConsentSource),
    "purpose": tuple(Purpose),
    "channel": tuple(Channel),
}
_WORDS_OF_SUPPRESSIONS: Final[Mapping[str, Collection[str]]] = {
    "kind": tuple(AddressKind),
    "reason": REASONS,
    "scope": tuple(SuppressionScope),
    "source": (),
}
_DECLARED_DATES: Final = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})


@dataclass(frozen=True, slots=True)
class ColumnKinds:
    """Columns of an import by what their values are; `words` has the words of closed ones, None for true or false.

    `meanings` are what the catalogue says of its columns, in each language: headers of other systems say the same.
    """

    dates: Collection[str]
    numbers: Collection[str]
    words: Mapping[str, Collection[str] | None]
    meanings: Mapping[str, Collection[str]]


def column_kinds(kind: str, catalogue: Catalogue, settings: Settings) -> ColumnKinds:
    """Return the kinds of the columns that files of a kind may have."""
    declared = catalogue.table_columns(kind)
    words: dict[str, Collection[str] | None] = dict(_WORDS)
    if kind == "suppressions":
        words = {column: listed for column, listed in _WORDS_OF_SUPPRESSIONS.items() if listed}
    words["choice"] = (*Choice, *(NEWSLETTER_PREFIX + newsletter for newsletter in settings.newsletters))
    words |= {name: column.values for name, column in declared.items() if column.values}
    words |= {name: None for name, column in declared.items() if column.type is ColumnType.BOOLEAN}
    return ColumnKinds(
        _DATES | {name for name, column in declared.items() if column.type in _DECLARED_DATES},
        _NUMBERS | {name for name, column in declared.items() if column.type is ColumnType.DECIMAL},
        words,
        {name: tuple(column.meaning.by_language().values()) for name, column in declared.items()},
    )
