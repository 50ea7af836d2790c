"""Comments of markup and of Jinja, which no reader sees."""

import re
from typing import Final

_COMMENT: Final = re.compile(r"<!--(?!\[if).*?-->|\{#.*?#\}", re.DOTALL)  # but Outlook shows what stands in `[if mso]`
_CHARACTER: Final = re.compile(r"[^\n]")


def without_comments(text: str) -> str:
    """Return the text with every comment blanked, so that positions stay."""
    return _COMMENT.sub(lambda comment: _CHARACTER.sub(" ", comment[0]), text)
