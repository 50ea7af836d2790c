"""Comments of markup and of Jinja, which no reader sees."""

import re
from typing import Final

_HTML: Final = re.compile(r"<!--(?!\[if).*?-->", re.DOTALL)  # Outlook shows what stands in `[if mso]`
_JINJA: Final = re.compile(r"\{#.*?#\}", re.DOTALL)
_CHARACTER: Final = re.compile(r"[^\n]")


def without_comments(text: str) -> str:
    """Return the text with every comment blanked, so that positions stay."""
    for pattern, closing in ((_HTML, "-->"), (_JINJA, "#}")):
        end = (
            text.rfind(closing) + len(closing) if closing in text else 0
        )  # what opens after it would be sought for long
        text = pattern.sub(lambda comment: _CHARACTER.sub(" ", comment[0]), text[:end]) + text[end:]
    return text
