"""Chance without a state: every draw is a keyed hash of what it decides, so that a new draw moves no other."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, TypeVar

Option = TypeVar("Option")

_KEY: Final = b"viesti demo"


def seed(*about: object) -> int:
    """A number below 2**64, always the same for the same `about`, on every machine."""
    text = "|".join(str(part) for part in about)
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=_KEY).digest())


def draw(*about: object) -> float:
    """A number from 0 up to but not including 1."""
    return (seed(*about) >> 11) / 2**53


def happens(share: float, *about: object) -> bool:
    """Whether the thing happens that happens to `share` of all."""
    return draw(*about) < share


def between(first: int, last: int, *about: object) -> int:
    """A whole number from `first` to `last`, both included."""
    return first + seed(*about) % (last - first + 1)


def pick(options: Sequence[Option], *about: object) -> Option:
    """One of the options, each as likely."""
    return options[seed(*about) % len(options)]


def weighted(options: Mapping[Option, float], *about: object) -> Option:
    """One of the options, each as likely as its weight says."""
    left = draw(*about) * sum(options.values())
    for option, weight in options.items():
        left -= weight
        if left < 0:
            return option
    return tuple(options)[-1]
