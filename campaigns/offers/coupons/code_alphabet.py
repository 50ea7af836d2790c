"""Alphabet of codes that people read aloud and type: D. Crockford's base 32, with a check character of its own.

The check character is the remainder of a Reed-Solomon code over the field of 32 elements (x^5 + x^2 + 1): it detects
every wrong character, and every two characters in each other's place, in codes of up to 31 characters. A sum modulo 37
detects the same, but needs five signs beyond letters and digits.
"""

from typing import Final

CHARACTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Characters by their values: no I, L, O and U."""

_BITS: Final = 5
_POLYNOMIAL: Final = 0b100101
_VALUES: Final = {character: value for value, character in enumerate(CHARACTERS)}
_LOOK_ALIKE: Final = str.maketrans("ILO", "110")


def encode(number: int, length: int) -> str:
    """Return a number as that many characters."""
    return "".join(CHARACTERS[number >> _BITS * place & 31] for place in reversed(range(length)))


def decode(text: str) -> int:
    """Return the number of some characters; raise KeyError for others."""
    number = 0
    for character in text:
        number = number << _BITS | _VALUES[character]
    return number


def normalise(text: str) -> str:
    """Return what a person typed in capitals, without spaces and hyphens, and without letters like digits."""
    return "".join(text.split()).replace("-", "").upper().translate(_LOOK_ALIKE)


def with_check_character(text: str) -> str:
    """Return the characters with their check character behind them."""
    return text + CHARACTERS[_remainder(text)]


def is_checked(text: str) -> bool:
    """Return whether all characters are of the alphabet, and the last one is the check character of the others."""
    return len(text) > 1 and all(character in _VALUES for character in text) and with_check_character(text[:-1]) == text


def _remainder(text: str) -> int:
    """Evaluate the characters as a polynomial at 2, by Horner's rule, the check character's place last."""
    value = 0
    for character in text:
        value = _double(value ^ _VALUES[character])
    return value


def _double(value: int) -> int:
    doubled = value << 1
    return doubled ^ _POLYNOMIAL if doubled >> _BITS else doubled
