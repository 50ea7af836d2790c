"""EAN-13 of an in-store number: two digits that GS1 leaves to shops (20 to 29), ten of ours, and a check digit."""

from collections.abc import Callable
from typing import Final

FREE_NUMBERS: Final = 10**10 - 1
"""Number of different ten digits but ten zeros, which the code of samples has."""

_LENGTH: Final = 13
_HALF: Final = 10**5
_ROUNDS: Final = 10

RoundFunction = Callable[[int, int], int]
"""Pseudo-random number of a round's number and of half the digits."""


def ean13(prefix: int, number: int) -> str:
    """Return the thirteen digits of a number of up to ten."""
    digits = f"{prefix:02}{number:010}"
    return digits + _check_digit(digits)


def read_ean13(digits: str, prefix: int) -> int | None:
    """Return the number in thirteen digits; None with another prefix, or when the check digit is wrong."""
    if len(digits) != _LENGTH or not (digits.isascii() and digits.isdecimal()):
        return None
    if not digits.startswith(f"{prefix:02}") or digits[-1] != _check_digit(digits[:-1]):
        return None
    return int(digits[2:-1])


def permute(number: int, round_function: RoundFunction) -> int:
    """Return ten digits for a number below `FREE_NUMBERS`, others for each, and never ten zeros.

    A Feistel network over two halves of five digits, as in NIST SP 800-38G (FF1), on the numbers from 1; the one that
    becomes 0 goes through it once more.
    """
    return _network(number + 1, round_function) or _network(0, round_function)


def permute_back(number: int, round_function: RoundFunction) -> int:
    """Return the number of which `permute` made these ten digits, other than zeros."""
    return (_network_back(number, round_function) or _network_back(0, round_function)) - 1


def _network(number: int, round_function: RoundFunction) -> int:
    left, right = divmod(number, _HALF)
    for step in range(_ROUNDS):
        left, right = right, (left + round_function(step, right)) % _HALF
    return left * _HALF + right


def _network_back(number: int, round_function: RoundFunction) -> int:
    left, right = divmod(number, _HALF)
    for step in reversed(range(_ROUNDS)):
        left, right = (right - round_function(step, left)) % _HALF, left
    return left * _HALF + right


def _check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return str(-total % 10)
