"""Error messages for invalid values: a message and a hint for each of pydantic's error types."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.core.corrections import correct_date, correct_number
from campaigns.core.errors import closest_match
from campaigns.core.model.localised_text import FormatError
from campaigns.core.yaml.scalar import WrittenInteger


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """Invalid value: its key or item, the value, the allowed words or keys, and the limits."""

    step: str
    value: object
    allowed: tuple[str, ...]
    limits: Mapping[str, Any]


MessageAndHint = tuple[str, str]


def error_message(kind: str, invalid: InvalidValue) -> tuple[str, MessageAndHint]:
    """Return the code, message and hint for an error of pydantic's type `kind`."""
    for prefix, code, message in _MESSAGES:
        if kind.startswith(prefix):
            return code, message(invalid)
    return "unfit", _other(invalid)


def _suggestion(invalid: InvalidValue, word: object) -> str:
    """Return the hint for an unknown word: the nearest allowed word, else all of them."""
    names = ", ".join(f"`{word}`" for word in invalid.allowed)
    return closest_match(str(word), invalid.allowed) or (f"one of {names}" if len(invalid.allowed) > 1 else names)


def _missing(invalid: InvalidValue) -> MessageAndHint:
    return f"`{invalid.step}` is required here", f"add `{invalid.step}: ...`"


def _extra(invalid: InvalidValue) -> MessageAndHint:
    return f"`{invalid.step}` is not a known key", _suggestion(invalid, invalid.step)


def _word(invalid: InvalidValue) -> MessageAndHint:
    word = f"`{invalid.value}`" if isinstance(invalid.value, str) else "this"
    return f"{word} is not a word that is known here", _suggestion(invalid, invalid.value)


def _text(invalid: InvalidValue) -> MessageAndHint:
    if isinstance(invalid.value, dict | list):
        return "a text is needed here", "write it on one line, without `:` or `-`"
    if isinstance(invalid.value, WrittenInteger):
        message = f"a text is needed here: without quotes `{invalid.value}` is the number {int(invalid.value)}"
        return message, f'`"{invalid.value}"`'
    return "a text is needed here", "put quotes round it"


def _list(invalid: InvalidValue) -> MessageAndHint:
    hint = f"`[{invalid.value}]`"
    if isinstance(invalid.value, dict):
        hint = "put `[...]` round it, or `- ` before it on a line of its own"
        if invalid.value and all(isinstance(value, dict) for value in invalid.value.values()):
            hint = f"begin each with `- ` in place of `{next(iter(invalid.value))}:`, and give the name as a key below"
    return "a list is needed here", hint


def _whole_number(invalid: InvalidValue) -> MessageAndHint:
    number = correct_number(invalid.value)
    return "a whole number is needed here", f"`{number if number.isdigit() else 6}`, without quotes"


def _number(invalid: InvalidValue) -> MessageAndHint:
    number = correct_number(invalid.value)
    how = "with a point and without a unit" if number else "without quotes"
    return "a number is needed here", f"`{number or '9.90'}`, {how}"


def _date(invalid: InvalidValue) -> MessageAndHint:
    return "a date is needed here", f"`{correct_date(invalid.value) or '2018-01-05'}`, without quotes"


def _mapping(invalid: InvalidValue) -> MessageAndHint:
    listed = (
        [str(value) for value in invalid.value if isinstance(value, str)] if isinstance(invalid.value, list) else []
    )
    keys = ", ".join(f"{key}: ..." for key in (invalid.allowed or listed)[:4]) or "key: ..."
    return "keys with values are needed here", f"`{{{keys}}}`"


def _long(invalid: InvalidValue) -> MessageAndHint:
    return f"the text is over {invalid.limits['max_length']} characters long", "shorten it"


def _form(invalid: InvalidValue) -> MessageAndHint:
    error = invalid.limits.get("error")
    if isinstance(error, FormatError):
        return str(error), error.hint
    if "reason" in invalid.limits:
        return "this is not an e-mail address", "`news@example.org`"
    return _other(invalid)


def _other(invalid: InvalidValue) -> MessageAndHint:
    return f"`{invalid.step}` cannot have this value", "compare it with the examples of the documentation"


def _constant(message: str, hint: str) -> Callable[[InvalidValue], MessageAndHint]:
    return lambda _: (message, hint)


def _bound(message: str, words: str, limit: str) -> Callable[[InvalidValue], MessageAndHint]:
    return lambda invalid: (message, f"{words} {invalid.limits[limit]}")


MISSING_KEY: Final = "missing"
UNKNOWN_KEY: Final = "extra_forbidden"
"""Problem codes of a missing key and of an unknown key."""

# By prefix of pydantic's error type; a longer prefix stands before a shorter one.
_MESSAGES: Final[tuple[tuple[str, str, Callable[[InvalidValue], MessageAndHint]], ...]] = (
    ("missing", MISSING_KEY, _missing),
    ("extra_forbidden", UNKNOWN_KEY, _extra),
    ("enum", "unknown_word", _word),
    ("literal_error", "unknown_word", _word),
    ("string_too_short", "empty_text", _constant("the text is empty", "write it, or remove the key")),
    ("string_too_long", "too_long", _long),
    ("string_type", "not_a_text", _text),
    ("int_", "not_a_whole_number", _whole_number),
    ("decimal_max", "too_many_digits", _constant("the number has too many digits", "two decimals, as in `9.90`")),
    ("decimal_", "not_a_number", _number),
    ("bool_", "not_yes_or_no", _constant("yes or no is needed here", "`true` or `false`")),
    ("date_", "not_a_date", _date),
    ("time_", "not_a_time", _constant("a time of day is needed here", '`"20:00"`, in quotes')),
    ("url_", "not_a_web_address", _constant("a web address is needed here", "`https://www.example.org`")),
    ("tuple_type", "not_a_list", _list),
    ("dict_type", "not_a_mapping", _mapping),
    ("mapping_type", "not_a_mapping", _mapping),
    ("model_type", "not_a_mapping", _mapping),
    ("too_short", "empty_list", _constant("at least one is needed here", "write one, or remove the key")),
    ("greater_than_equal", "out_of_range", _bound("the number is too small", "at least", "ge")),
    ("greater_than", "out_of_range", _bound("the number is too small", "more than", "gt")),
    ("less_than_equal", "out_of_range", _bound("the number is too large", "at most", "le")),
    ("value_error", "form", _form),
)
