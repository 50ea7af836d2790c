"""What we say for each kind of wrong value: our own sentence and a next step, chosen by pydantic's error type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.errors import nearest
from campaigns.spec.text import FormError


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong value: the key or item it stands under, the value, the words or keys that would fit, and the limits."""

    step: str
    value: object
    fitting: tuple[str, ...]
    limits: Mapping[str, Any]


Sentence = tuple[str, str]


def sentence_of(kind: str, fault: Fault) -> tuple[str, Sentence]:
    """Our code, sentence and next step for an error of pydantic's type `kind`."""
    for prefix, code, sentence in _SENTENCES:
        if kind.startswith(prefix):
            return code, sentence(fault)
    return "unfit", _other(fault)


def _fitting(fault: Fault, word: object) -> str:
    """The next step after an unknown word: the nearest, else all of them."""
    words = ", ".join(f"`{each}`" for each in fault.fitting)
    return nearest(str(word), fault.fitting) or (f"one of {words}" if len(fault.fitting) > 1 else words)


def _missing(fault: Fault) -> Sentence:
    return f"`{fault.step}` is required here", f"add `{fault.step}: ...`"


def _extra(fault: Fault) -> Sentence:
    return f"`{fault.step}` is not a known key", _fitting(fault, fault.step)


def _word(fault: Fault) -> Sentence:
    word = f"`{fault.value}`" if isinstance(fault.value, str) else "this"
    return f"{word} is not a word that is known here", _fitting(fault, fault.value)


def _text(fault: Fault) -> Sentence:
    nested = isinstance(fault.value, dict | list)
    return "a text is needed here", "write it on one line, without `:` or `-`" if nested else "put quotes round it"


def _list(fault: Fault) -> Sentence:
    nested = isinstance(fault.value, dict)
    hint = "put `[...]` round it, or `- ` before it on a line of its own" if nested else f"`[{fault.value}]`"
    return "a list is needed here", hint


def _mapping(fault: Fault) -> Sentence:
    keys = ", ".join(f"{key}: ..." for key in fault.fitting[:4]) or "key: ..."
    return "keys with values are needed here", f"`{{{keys}}}`"


def _long(fault: Fault) -> Sentence:
    return f"the text is over {fault.limits['max_length']} characters long", "shorten it"


def _form(fault: Fault) -> Sentence:
    error = fault.limits.get("error")
    if isinstance(error, FormError):
        return str(error), error.hint
    if "reason" in fault.limits:
        return "this is not an e-mail address", "`news@example.org`"
    return _other(fault)


def _other(fault: Fault) -> Sentence:
    return f"`{fault.step}` cannot have this value", "compare it with the examples of the documentation"


def _always(message: str, hint: str) -> Callable[[Fault], Sentence]:
    return lambda _: (message, hint)


def _bound(message: str, words: str, limit: str) -> Callable[[Fault], Sentence]:
    return lambda fault: (message, f"{words} {fault.limits[limit]}")


# By the beginning of pydantic's type; a longer beginning stands before a shorter one.
MISSING: Final = "missing"
UNKNOWN: Final = "extra_forbidden"
"""The codes of a key that is not there, and of one that should not be."""

_SENTENCES: Final[tuple[tuple[str, str, Callable[[Fault], Sentence]], ...]] = (
    ("missing", MISSING, _missing),
    ("extra_forbidden", UNKNOWN, _extra),
    ("enum", "unknown_word", _word),
    ("literal_error", "unknown_word", _word),
    ("string_too_short", "empty_text", _always("the text is empty", "write it, or remove the key")),
    ("string_too_long", "too_long", _long),
    ("string_type", "not_a_text", _text),
    ("int_", "not_a_whole_number", _always("a whole number is needed here", "`6`, without quotes")),
    ("decimal_max", "too_many_digits", _always("the number has too many digits", "two decimals, as in `9.90`")),
    ("decimal_", "not_a_number", _always("a number is needed here", "`9.90`, without quotes")),
    ("bool_", "not_yes_or_no", _always("yes or no is needed here", "`true` or `false`")),
    ("date_", "not_a_date", _always("a date is needed here", "`2018-01-05`, without quotes")),
    ("time_", "not_a_time", _always("a time of day is needed here", '`"20:00"`, in quotes')),
    ("url_", "not_a_web_address", _always("a web address is needed here", "`https://www.example.org`")),
    ("tuple_type", "not_a_list", _list),
    ("dict_type", "not_a_mapping", _mapping),
    ("mapping_type", "not_a_mapping", _mapping),
    ("model_type", "not_a_mapping", _mapping),
    ("too_short", "empty_list", _always("at least one is needed here", "write one, or remove the key")),
    ("greater_than_equal", "out_of_range", _bound("the number is too small", "at least", "ge")),
    ("greater_than", "out_of_range", _bound("the number is too small", "more than", "gt")),
    ("less_than_equal", "out_of_range", _bound("the number is too large", "at most", "le")),
    ("value_error", "form", _form),
)
