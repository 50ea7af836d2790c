"""Checks of MJML: every tag and attribute known, every tag closed and in an allowed place."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Final

from campaigns.core.errors import FilePosition, Problem, closest_match
from campaigns.rendering.email.mjml_reference import (
    DEFAULT_ATTRIBUTES,
    HTML_ATTRIBUTES,
    HTML_TAGS,
    INCLUDE_TAG,
    MJML_TAGS,
    REFUSED_TAGS,
    ROOT_TAG,
    VOID_HTML_TAGS,
)
from campaigns.rendering.email.placeholders import JINJA_TAG, unclosed_tags
from campaigns.rendering.templates.folder import TemplateSource
from campaigns.rendering.templates.translations import TEXT_PLACEHOLDER

_BLANKED: Final = re.compile(f"{TEXT_PLACEHOLDER.pattern}|{JINJA_TAG.pattern}", re.DOTALL)
_ROOT: Final = re.compile(rf"<{ROOT_TAG}\b", re.IGNORECASE)
_ROOT_END: Final = re.compile(rf"</{ROOT_TAG}\s*>", re.IGNORECASE)
_SPACES_AND_COMMENTS: Final = re.compile(r"(?:\s|\{#.*?#\}|<!--.*?-->)*+", re.DOTALL)
_CHARACTER: Final = re.compile(r"[^\n]")
_MAX_DEPTH: Final = 50
_DEPTH_CODE: Final = "mjml_depth"
_LINKS: Final = frozenset({"href", "src", "background-url"})
_SAFE_LINKS: Final = ("https:", "http:", "mailto:", "tel:", "#", "x")  # x stands for a Jinja tag or a text


def mjml_problems(source: TemplateSource) -> list[Problem]:
    """Return every problem that the compiler would ignore, or report without a line."""
    closed = source.text.rfind("-->") + 1
    if (comment := source.text.find("<!--", closed)) >= 0:  # the parser would look for its end again and again
        message = "this comment is not closed"
        return [Problem(source.position_of(comment), message, "mjml_unclosed", "add `-->`")]
    if unclosed := list(unclosed_tags(source)):
        return unclosed
    reader = _Reader(source)
    reader.feed(_BLANKED.sub(lambda tag: _CHARACTER.sub("x", tag[0]), source.text))  # as long, so that columns stay
    reader.close()
    reader.finish()
    deep = [problem for problem in reader.problems if problem.code == _DEPTH_CODE]
    return deep[:1] or [*reader.problems, *_texts_outside_root(source)]


def _texts_outside_root(source: TemplateSource) -> Iterator[Problem]:
    """Yield a problem for text before the root, and one for text after it; an included file has no root."""
    begin = _ROOT.search(source.text)
    ends = [end.end() for end in _ROOT_END.finditer(source.text)]
    if begin is None or not ends:
        return
    for first, last in ((0, begin.start()), (ends[-1], len(source.text))):
        skipped = _SPACES_AND_COMMENTS.match(source.text, first, last)
        start = skipped.end() if skipped else first
        if start < last and source.text[start] != "<":
            message = f"text outside <{ROOT_TAG}>: `{_excerpt(source, start)}`"
            yield Problem(source.position_of(start), message, "mjml_text", "remove it, or put it into <mj-text>")


def _excerpt(source: TemplateSource, start: int) -> str:
    return source.text[start:].split("\n")[0].split("<")[0].rstrip()[:40]


class _Reader(HTMLParser):
    """Parser with a stack of open tags. An included file starts with an empty stack, so its root may be any tag."""

    def __init__(self, source: TemplateSource) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.problems: list[Problem] = []
        self.open: list[tuple[str, FilePosition]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check_tag(tag, attrs)
        if tag not in VOID_HTML_TAGS:
            self.open.append((_meant(tag), self._place()))
            if len(self.open) > _MAX_DEPTH:
                message = f"tags stand over {_MAX_DEPTH} deep in each other"
                self._report(message, _DEPTH_CODE, "close what is open, or put fewer into each other")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._check_tag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        tag = _meant(tag)
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
        elif any(name == tag for name, _ in self.open):
            while self.open[-1][0] != tag:
                name, place = self.open.pop()
                self._report(f"<{name}> is not closed", "mjml_unclosed", f"add `</{name}>`", place)
            self.open.pop()
        else:
            self._report(f"</{tag}> closes nothing", "mjml_unclosed", "remove it, or open it before")

    def handle_data(self, data: str) -> None:
        if data.strip() and self._holds_tags_only():
            start, parent = self._index() + len(data) - len(data.lstrip()), self.open[-1][0]
            excerpt = _excerpt(self.source, start)
            is_words = parent in MJML_TAGS["mj-text"].parents and not excerpt.startswith("{%")
            hint = f"put it into <{'mj-text' if is_words else 'mj-raw'}>"
            place = self.source.position_of(start)
            self._report(f"text directly in <{parent}>: `{excerpt}`", "mjml_text", hint, place)

    def finish(self) -> None:
        for name, place in self.open:
            self._report(f"<{name}> is not closed", "mjml_unclosed", f"add `</{name}>`", place)

    def _check_tag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.open[-1][0] if self.open else ""
        if parent == "mj-attributes":
            self._check_attributes(tag, attrs, DEFAULT_ATTRIBUTES.get(tag))
        elif tag in MJML_TAGS:
            self._check_parent(tag, parent)
            self._check_attributes(tag, attrs, MJML_TAGS[tag].attributes)
            self._check_alt(tag, attrs)
        elif tag in HTML_TAGS and not self._holds_tags_only():
            self._check_attributes(tag, attrs, HTML_ATTRIBUTES)
            self._check_alt(tag, attrs)
        elif tag in HTML_TAGS:
            self._report(f"<{tag}> cannot stand here", "mjml_place", "put it into <mj-text> or <mj-raw>")
        elif tag in REFUSED_TAGS:
            reason, hint = REFUSED_TAGS[tag]
            self._report(f"<{tag}> is refused: {reason}", "mjml_tag", hint)
        else:
            self._report(f"<{tag}> is not a tag that we know", "mjml_tag", _closest_tag(tag, (*MJML_TAGS, *HTML_TAGS)))

    def _check_alt(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("mj-image", "img") and "alt" not in dict(attrs):
            self._report(f"<{tag}> has no `alt`", "mjml_alt", 'say what it shows, or alt="" for an ornament')

    def _holds_tags_only(self) -> bool:
        return bool(self.open) and self.open[-1][0] in MJML_TAGS and not MJML_TAGS[self.open[-1][0]].holds_html

    def _check_parent(self, tag: str, parent: str) -> None:
        inside = MJML_TAGS[tag].parents
        if parent and tag != INCLUDE_TAG and parent not in inside:
            allowed = " or ".join(f"<{name}>" for name in sorted(inside)) if inside else f"the root, <{ROOT_TAG}>"
            self._report(f"<{tag}> cannot stand in <{parent}>", "mjml_place", f"it belongs into {allowed}")

    def _check_attributes(self, tag: str, attrs: list[tuple[str, str | None]], known: frozenset[str] | None) -> None:
        if known is None:
            self._report(f"<{tag}> is not a tag that we know", "mjml_tag", _closest_tag(tag, DEFAULT_ATTRIBUTES))
            return
        for name, value in attrs:
            text = (value or "").strip()
            if name not in known:
                self._report(
                    f"<{tag}> has no attribute `{name}`", "mjml_attribute", closest_match(name, known) or "remove it"
                )
            elif name in _LINKS and text and not text.casefold().startswith(_SAFE_LINKS):
                self._report(f"`{name}` leads to `{text[:40]}`", "mjml_link", "write a whole https:// address")
            elif "\\" in text or not text.isprintable():
                self._report(f"`{name}` holds a character that MJML spoils", "mjml_attribute", "put it into a text")

    def _report(self, message: str, code: str, hint: str = "", place: FilePosition | None = None) -> None:
        self.problems.append(Problem(place or self._place(), message, code, hint))

    def _place(self) -> FilePosition:
        line, column = self.getpos()
        return FilePosition(self.source.file, line, column + 1)

    def _index(self) -> int:
        """Return the index of the place in the source."""
        line, column = self.getpos()
        return sum(map(len, self.source.text.split("\n")[: line - 1])) + line - 1 + column


def _meant(tag: str) -> str:
    """Return the known tag that a misspelt MJML tag is most like: one mistake is reported once."""
    if not tag.startswith("mj") or tag in MJML_TAGS or tag in REFUSED_TAGS or tag in DEFAULT_ATTRIBUTES:
        return tag
    return closest_match(tag, MJML_TAGS).strip("`") or tag


def _closest_tag(tag: str, known: Iterable[str]) -> str:
    match = closest_match(tag, known)
    return f"<{match.strip('`')}>" if match else "write it with the tags of docs/templates.md"
