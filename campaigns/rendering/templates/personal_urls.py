"""URLs that would tell another site something about a member: found by rendering a template with signs for values.

A sign inside an address is refused, when the template is compiled, so that no message can be written with it. The
sandbox joins no texts and cuts none in pieces, so that constants hide no address.
"""

import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from typing import Final

from jinja2 import nodes

from campaigns.rendering.templates.value_signs import (
    CHOICE,
    END,
    JOINT,
    MEMBER,
    OFFER,
    OWN_LINK,
    PAGE,
    SIGNS,
    START,
    TITLE,
    VALUE,
    render_signs,
)

_HOST: Final = r"[\w-]+\.(?:xn--[\w-]+|[^\W\d_]{2,})|\b\d{1,3}(?:\.\d{1,3}){3}"
_BEGUN: Final = rf"://|\bwww\.|\b(?:mailto|tel|sms|javascript|data|ftp|geo):|(?:{_HOST})[/?#:&=]"
_ADDRESS: Final = re.compile(rf"{_BEGUN}|(?:{_HOST})$", re.IGNORECASE)  # or the name of a host
_ADDRESS_WITHOUT_SCHEME: Final = re.compile(r"(?:^|['(=])//")
_ADDRESS_OF_CHOICE: Final = re.compile(_BEGUN, re.IGNORECASE)  # a sentence may end before a condition, without a space
_URL_ATTRIBUTE: Final = re.compile(
    r"""\b(?:href|src|srcset|background(?:-url)?|action|formaction|poster|cite|data|longdesc|ping|xlink:href)\s*=\s*"""
    r"""("[^"]*"|'[^']*'|[^\s>]+)""",
    re.IGNORECASE,
)
_CSS_ADDRESS: Final = re.compile(r"""\burl\(\s*((?:"[^"]*"|'[^']*'|[^)])*)\)""", re.IGNORECASE)
_STYLE: Final = re.compile(
    r"""\bstyle\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)|<style\b[^>]*>(.*?)</style""", re.IGNORECASE | re.DOTALL
)
_INLINE_TAG: Final = re.compile(
    r"</?(?:abbr|b|big|code|em|font|i|mark|s|small|span|strong|sub|sup|u|wbr)\b[^<>]*>"
    r"|<!--\[if[^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:#\w+|\w+);?")
_NOTHING: Final = "\u2060"  # keeps the positions behind something that a reader does not see
_WORD: Final = re.compile(r"""[^\s"<>]+""")  # mailboxes and phones take any other sign into an address
_FULL_STOPS: Final = str.maketrans("\u3002\uff61", "..")  # a host may have them for its dots
_COMPUTED: Final = re.compile(f"{START}[^{END}]*{END}")


def personal_url_lines(tree: nodes.Template, *, is_markup: bool) -> Iterator[int]:
    """Yield the line of each value of a member that a template prints inside an address, once."""
    pieces = render_signs(tree)
    text = "".join(piece for piece, _ in pieces)
    seen: set[int] = set()
    for start, end in _personal_spans(text, is_markup=is_markup):
        line = _line_of_sign(pieces, start, end)
        if line not in seen:
            seen.add(line)
            yield line


def _personal_spans(text: str, *, is_markup: bool) -> Iterator[tuple[int, int]]:
    if is_markup:
        for pattern in (_URL_ATTRIBUTE, _CSS_ADDRESS):
            yield from (
                match.span(1)
                for match in pattern.finditer(text)
                if _is_personal_link(match[1].strip("\"' ")) or (PAGE in match[1] and not _is_followed(match[0]))
            )
        yield from (match.span() for match in _STYLE.finditer(text) if _hides_an_address(match[1] or match[2] or ""))
        text = _INLINE_TAG.sub(lambda tag: _NOTHING * len(tag[0]), text)  # joins what it parts, and keeps positions
        text = _ENTITY.sub(lambda entity: unescape(entity[0]).ljust(len(entity[0]), _NOTHING), text)
    for match in _WORD.finditer(text):
        if SIGNS.search(match[0]) and _is_personal_word(_visible(match[0])):
            yield match.span()


def _hides_an_address(style: str) -> bool:
    """Return whether a style has a sign and a backslash, with which CSS writes `url` and `//` in other letters.

    The address of a page, of a store or an offer, has no place in any: a mailbox would load it.
    """
    return PAGE in style or ("\\" in style and (VALUE in style or JOINT in style))


def _visible(word: str) -> str:
    """Return a word in plain letters, without those that nobody sees and a channel may leave out."""
    plain = unicodedata.normalize("NFKC", word).translate(_FULL_STOPS)
    return "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cc", "Cf"))


def _is_followed(attribute: str) -> bool:
    """Return whether an attribute with an address is one that a reader follows, not one that a mailbox loads."""
    return attribute[:4].casefold() == "href"


def _is_personal_link(link: str) -> bool:
    """Return whether the value of a link attribute has a sign; an own link may have a constant end."""
    if VALUE in link or JOINT in link:
        return True
    rest = re.sub(f"[{CHOICE}{OWN_LINK}{PAGE}]", "", link)
    if not rest.strip():
        return False
    return CHOICE in link or PAGE in link or OWN_LINK in link[1:]


def _is_personal_word(word: str) -> bool:
    """Return whether a word of a text is an address with a sign in it.

    The free texts of a campaign and of offers could be any part of an address.
    """
    if sum(sign in word for sign in (TITLE, OFFER, MEMBER)) > 1:
        return True
    if JOINT in word and _COMPUTED.sub("", word).strip(".,;:!?"):
        return True
    if not re.sub(f"[{CHOICE}{OWN_LINK}{PAGE}]", "", word):
        return False
    before, own_link, after = word.partition(OWN_LINK)
    if own_link:
        is_begun = TITLE in before or OFFER in before or _begins_address(before, _ADDRESS)
        return is_begun or VALUE in after or OWN_LINK in after
    pattern = _ADDRESS if VALUE in word else _ADDRESS_OF_CHOICE
    return (VALUE in word or CHOICE in word) and _begins_address(word, pattern)


def _begins_address(word: str, pattern: re.Pattern[str]) -> bool:
    """Return whether the constants of a word are an address; a slash before and after a value are not `//`."""
    if _ADDRESS_WITHOUT_SCHEME.search(re.sub(f"[{CHOICE}{JOINT}{START}{END}]", "", word)):
        return True
    return pattern.search(SIGNS.sub("", word)) is not None


def _line_of_sign(pieces: list[tuple[str, int]], start: int, end: int) -> int:
    """Return the line of the first sign between two positions of the text."""
    position = 0
    for piece, line in pieces:
        if position + len(piece) > start and position < end and SIGNS.search(piece):
            return line
        position += len(piece)
    return 0
