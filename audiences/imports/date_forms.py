"""Date forms of mapping files, such as `d.M.yyyy H:mm`: which texts have one, and SQL that writes them as ISO."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator

from audiences.warehouse.sql_quoting import quote_literal
from campaigns.core.model.localised_text import FormatError

_TOKENS: Final = {
    "yyyy": ("%Y", r"\d{4}"),
    "MM": ("%m", r"\d\d"),
    "M": ("%m", r"\d{1,2}"),
    "dd": ("%d", r"\d\d"),
    "d": ("%d", r"\d{1,2}"),
    "HH": ("%H", r"\d\d"),
    "H": ("%H", r"\d{1,2}"),
    "mm": ("%M", r"\d\d"),
    "ss": ("%S", r"\d\d"),
}
_TOKEN: Final = re.compile("|".join(sorted(_TOKENS, key=len, reverse=True)))
_LETTER: Final = re.compile(r"[A-Za-z]+")
_AT: Final = "klo"  # "at" in Finnish, before a time
_NEEDED: Final = ("%Y", "%m", "%d")
_ISO: Final = "%Y-%m-%d %H:%M:%S"
_DAY: Final = datetime(2017, 12, 31, 16, 5, 30)  # noqa: DTZ001 - an example, of no zone
FORMS: Final = (
    *("yyyy-MM-dd", "d.M.yyyy", "d/M/yyyy", "M/d/yyyy", "yyyyMMdd", "yyyy/M/d", "d-M-yyyy"),
    *("d.M.yyyy H:mm", "d.M.yyyy H:mm:ss", "d.M.yyyy H.mm", "d.M.yyyy klo H.mm", "d.M.yyyy klo H:mm"),
    *("d/M/yyyy H:mm", "d/M/yyyy H:mm:ss", "M/d/yyyy H:mm", "M/d/yyyy H:mm:ss", "yyyyMMdd HH:mm", "yyyyMMddHHmmss"),
    *("yyyy/M/d H:mm", "yyyy/M/d H:mm:ss", "d-M-yyyy H:mm"),
)
"""Forms that a proposal recognises; ISO dates and times need none."""


def check_date_form(form: str) -> str:
    """Return the form; raise FormatError when it is not made of d, M, yyyy, H, mm and ss."""
    directives = _TOKEN.sub(lambda token: _TOKENS[token[0]][0], form.replace(_AT, ""))
    foreign = _LETTER.search(_TOKEN.sub("", form.replace(_AT, "")))
    if foreign is not None or "%" in form:
        message = f"`{form}` is no form of a date: letters are d, M, yyyy, H, mm and ss"
        raise FormatError(message, "`d.M.yyyy` for 31.12.2017, `d.M.yyyy H:mm` with a time")
    if any(directives.count(directive) != 1 for directive in _NEEDED):
        message = f"`{form}` lacks a day, a month or a year of four digits"
        raise FormatError(message, "`d.M.yyyy` for 31.12.2017, `d.M.yyyy H:mm` with a time")
    return form


DateForm = Annotated[str, AfterValidator(check_date_form)]
"""Form of a date, perhaps with a time."""


def iso_sql(expression: str, form: str) -> str:
    """Return SQL: a text of the form as an ISO time; other texts as they are, so that ISO stays valid."""
    parsed = f"try_strptime({expression}, {quote_literal(_strptime_format(form))})"
    matches = f"regexp_full_match({expression}, {quote_literal(_pattern(form))})"
    return f"CASE WHEN {matches} THEN coalesce(strftime({parsed}, '{_ISO}'), {expression}) ELSE {expression} END"


def example(form: str) -> str:
    """Return a date of the form."""
    return _DAY.strftime(_strptime_format(form))


def matching_forms(texts: Sequence[str]) -> list[str]:
    """Return the recognised forms that all texts have."""
    return [form for form in FORMS if all(_is_date(text, form) for text in texts)]


def _is_date(text: str, form: str) -> bool:
    if re.fullmatch(_pattern(form), text) is None:
        return False
    try:
        datetime.strptime(text, _strptime_format(form))  # noqa: DTZ007 - only its form counts
    except ValueError:
        return False
    return True


def _strptime_format(form: str) -> str:
    return _AT.join(_TOKEN.sub(lambda token: _TOKENS[token[0]][0], part) for part in form.split(_AT))


def _pattern(form: str) -> str:
    pattern, end = "", 0
    for token in _TOKEN.finditer(form):
        pattern += re.escape(form[end : token.start()]) + _TOKENS[token[0]][1]
        end = token.end()
    return pattern + re.escape(form[end:])
