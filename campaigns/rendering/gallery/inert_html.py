"""E-mail HTML that leads nowhere: pictures inside, links as tooltips, no request, and one colour scheme."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser
from typing import Final

LoadPicture = Callable[[str], str | None]
"""Return the picture at an address as a data URI; None when there is none here."""

_HREF: Final = frozenset({"href", "xlink:href"})
_LINKS: Final = frozenset({"a", "area"})
_DROPPED: Final = frozenset({"target", "ping", "srcset", "formaction", "action", "download", "autofocus"})
_PICTURES: Final = frozenset({"src", "background", "poster"})
_NO_CONTENT: Final = frozenset({"script", "iframe", "object", "embed", "base", "link"})
_CSS_URL: Final = re.compile(r"""url\(\s*(['"]?)((?:https?:)?//[^'")]+)\1\s*\)""", re.IGNORECASE)
_CSS_IMPORT: Final = re.compile(r"@import[^;]+;", re.IGNORECASE)
_SCHEME: Final = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_DARK_OF_ITS_OWN: Final = re.compile(
    r"prefers-color-scheme\s*:\s*dark|color-scheme\s*:\s*[a-z ]*\bdark\b", re.IGNORECASE
)
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"
_MISSING: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='320' height='200'%3E%3Crect width='100%25'"
    " height='100%25' fill='%23eee5e0'/%3E%3Cpath d='M0 0L320 200M320 0L0 200' stroke='%23c9a79c'/%3E%3C/svg%3E"
)
_STYLE: Final = (
    "<style>:where(a[data-leads-to]){text-decoration:underline;cursor:help}:root{color-scheme:%s}"
    "html{scrollbar-width:thin}</style>"
)


@dataclass(frozen=True, slots=True)
class Link:
    """Link of a message: its words, and where it leads."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class InertHtml:
    """E-mail HTML that leads nowhere, in light and in dark, with its links, and the addresses of missing pictures."""

    light: str
    dark: str
    links: tuple[Link, ...]
    missing_pictures: tuple[str, ...]
    preheader: str
    has_dark_mode: bool


def make_inert(html: str, load_picture: LoadPicture) -> InertHtml:
    """Return the HTML of an e-mail so that no click, picture or style of it reaches anything outside."""
    rewriter = _HtmlCopier(load_picture)
    rewriter.feed(html)
    rewriter.close()
    text = "".join(rewriter.parts)
    has_dark_mode = _DARK_OF_ITS_OWN.search(html) is not None
    return InertHtml(
        _in_scheme(text, "light", "light"),
        _in_scheme(text, "dark", "dark" if has_dark_mode else "light"),
        tuple(rewriter.links),
        tuple(dict.fromkeys(rewriter.missing)),
        rewriter.preheader,
        has_dark_mode,
    )


def _in_scheme(html: str, scheme: str, canvas: str) -> str:
    """Return the HTML as a reader sees it who prefers a scheme: its media queries are decided here, not by the browser.

    The page's own scheme must not decide, and a browser hands only some of it down to a frame.
    """
    decided = _SCHEME.sub(lambda query: _ALWAYS if query[1].lower() == scheme else _NEVER, html)
    head = re.search(r"</head\s*>", decided, re.IGNORECASE)
    at = head.start() if head else 0
    return decided[:at] + _STYLE % canvas + decided[at:]


class _HtmlCopier(HTMLParser):
    """Copier of HTML that rewrites the tags that reach outside, and collects links and preheader on the way."""

    def __init__(self, load_picture: LoadPicture) -> None:
        super().__init__(convert_charrefs=False)
        self.load_picture = load_picture
        self.parts: list[str] = []
        self.links: list[Link] = []
        self.missing: list[str] = []
        self.preheader = ""
        self._skipped = ""
        self._link: tuple[str, list[str]] | None = None
        self._hidden_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs, closed=False)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs, closed=True)

    def handle_endtag(self, tag: str) -> None:
        if tag in _NO_CONTENT:
            self._skipped = "" if tag == self._skipped else self._skipped
            return
        if tag == "a" and self._link is not None:
            address, words = self._link
            self.links.append(Link(" ".join("".join(words).split()), address))
            self._link = None
        if self._hidden_depth and tag == "div":
            self._hidden_depth -= 1
        self._write(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._link is not None:
            self._link[1].append(data)
        if self._hidden_depth:
            self.preheader = f"{self.preheader}{data}"
        self._write(self._css(data) if self.lasttag == "style" else data)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._write(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._write(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self._write(f"<![{data}]>")

    def _reference(self, text: str) -> None:
        if self._link is not None:
            self._link[1].append(unescape(text))
        if self._hidden_depth:
            self.preheader += unescape(text)
        self._write(text)

    def _start(self, tag: str, attrs: list[tuple[str, str | None]], *, closed: bool) -> None:
        if tag in _NO_CONTENT:
            if tag in {"script", "iframe", "object"} and not closed:
                self._skipped = self._skipped or tag
            return
        if tag == "meta" and any(name == "http-equiv" and (value or "").lower() == "refresh" for name, value in attrs):
            return
        values = dict(attrs)
        if tag == "div":
            is_hidden = "display:none" in (values.get("style") or "").replace(" ", "").lower()
            if self._hidden_depth or (is_hidden and not self.preheader):
                self._hidden_depth += 1
        rewritten = [part for name, value in attrs if (part := self._attribute(tag, name, value)) is not None]
        self._write("<" + " ".join([tag, *rewritten]) + (" />" if closed else ">"))

    def _attribute(self, tag: str, name: str, value: str | None) -> str | None:
        """Return an attribute as it is written; None to leave it out."""
        if name in _DROPPED or name.startswith("on") or (name == "title" and tag in _LINKS):
            return None
        if name in _HREF:
            return self._href(tag, value or "")
        if value is None:
            return name
        if name in _PICTURES:
            value = self._picture(value)
        elif name == "style":
            value = self._css(value)
        return f'{name}="{escape(value, quote=True)}"'

    def _href(self, tag: str, address: str) -> str | None:
        """Return the attributes of a link that tells where it leads, and does not."""
        if tag not in _LINKS:
            return None
        if tag == "a":
            self._link = (address, [])
        quoted = escape(address, quote=True)
        return f'data-leads-to="{quoted}" title="{quoted}" role="link" tabindex="0"'

    def _picture(self, address: str) -> str:
        if address.lower().startswith("data:image/"):
            return address
        picture = self.load_picture(address)
        if picture is None:
            self.missing.append(address)
        return picture or _MISSING

    def _css(self, text: str) -> str:
        without_imports = _CSS_IMPORT.sub("", text)
        return _CSS_URL.sub(lambda url: f'url("{self._picture(url[2])}")', without_imports)

    def _write(self, text: str) -> None:
        if not self._skipped:
            self.parts.append(text)
