"""Checks of an e-mail's MJML files as written, which give the line: classes, links and pictures that show nothing."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import partial
from html import unescape
from typing import Final

from campaigns.core.errors import FilePosition, Problem, closest_match
from campaigns.rendering.checks.comments import without_comments
from campaigns.rendering.checks.tag_reader import Attributes, TagReader
from campaigns.rendering.email.mjml_reference import INCLUDE_TAG
from campaigns.rendering.email.placeholders import JINJA_TAG
from campaigns.rendering.templates.folder import TemplateSource
from campaigns.rendering.templates.translations import TEXT_PLACEHOLDER, TranslatedText

_CLASS: Final = re.compile(r"""<mj-class\b[^>]*\bname\s*=\s*["']([^"']*)["']""")
_CLASS_USE: Final = re.compile(r"""(?<![\w-])mj-class\s*=\s*["']([^"']*)["']""")
_LINKS: Final = frozenset({"a", "mj-button"})
_PICTURES: Final = frozenset({"img", "mj-image"})


def class_problems(sources: Iterable[TemplateSource]) -> Iterator[Problem]:
    """Yield a problem for each `mj-class` that no `<mj-class name>` defines: MJML ignores it in silence."""
    written = [(source, without_comments(source.text)) for source in sources]
    known = {name for _, text in written for name in _CLASS.findall(text)}
    for source, text in written:
        for use in _CLASS_USE.finditer(text):
            if "{" in use[1] or "[[" in use[1]:
                message = "a class is chosen before values and texts are known"
                hint = "write the name itself, in each branch of an `{% if … %}`"
                yield Problem(source.position_of(use.start()), message, "mjml_class", hint)
                continue
            for name in use[1].split():
                if name not in known:
                    hint = closest_match(name, known) or _known_classes(known)
                    place = source.position_of(use.start())
                    yield Problem(place, f"there is no `mj-class` of the name `{name}`", "mjml_class", hint)


def link_problems(sources: Iterable[TemplateSource], texts: Mapping[str, TranslatedText]) -> Iterator[Problem]:
    """Yield a problem for each link without words, which a screen reader cannot say, or without an address.

    A picture needs an address as well.
    """
    wordless = {key for key, text in texts.items() if not all(map(_has_words, text.localised.by_language().values()))}
    for source in sources:
        reader = _LinkReader(source)
        text = TEXT_PLACEHOLDER.sub(partial(_text_word, wordless), without_comments(source.text))
        reader.feed(JINJA_TAG.sub(_value, text))
        reader.close()
        yield from reader.problems


def _known_classes(known: set[str]) -> str:
    return f"one of: {', '.join(sorted(known))}" if known else 'define it: `<mj-class name="…" />` in `mj-attributes`'


def _text_word(wordless: Container[str], placeholder: re.Match[str]) -> str:
    """Return a word for a text, or a sign for one that has no words in some language."""
    return ("." if placeholder[1].strip() in wordless else "x").ljust(len(placeholder[0]))


def _has_words(text: str) -> bool:
    """Return whether there is something to say in a text: letters, digits or a printed value."""
    return any(map(str.isalnum, unescape(text)))


def _value(tag: re.Match[str]) -> str:
    """Return a word for a printed value and nothing for a statement, as long as the tag, so that positions stay."""
    blank = re.sub(r"[^\n]", " ", tag[0])
    return f"x{blank[1:]}" if tag[0].startswith("{{") else blank


class _LinkReader(TagReader):
    """Parser that finds links without a word, or a picture with an `alt`, and links and pictures without an address."""

    def __init__(self, source: TemplateSource) -> None:
        super().__init__()
        self.source = source
        self.problems: list[Problem] = []
        self.link: FilePosition | None = None
        self.words = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag in _LINKS and "href" in attributes:
            self.link, self.words = self._place(), attributes.get("aria-label") or ""
        if "mj-attributes" not in self.open:
            self._check_address(tag, attributes)
        if tag == INCLUDE_TAG:
            self.words += "x"  # its own words are those of another file
        if tag in _PICTURES:
            self.words += attributes.get("alt") or ""
        if tag == "mj-image" and "href" in attributes and not (attributes.get("alt") or "").strip():
            hint = "say in `alt` where it leads"
            self.problems.append(Problem(self._place(), "this picture is a link without words", "link_text", hint))

    def end(self, tag: str) -> None:
        if tag in _LINKS and self.link is not None:
            if not _has_words(self.words):
                hint = "write what it opens; a picture says it in `alt`"
                self.problems.append(Problem(self.link, f"this <{tag}> shows no words", "link_text", hint))
            self.link = None

    def handle_data(self, data: str) -> None:
        self.words += data

    def _check_address(self, tag: str, attributes: Attributes) -> None:
        """Report a link or a picture without an address; a target or a class may give it another way."""
        if tag in _LINKS and not {"href", "name", "id"} & set(attributes):
            hint = "give it an `href`, the whole address of a page"
            self.problems.append(Problem(self._place(), f"this <{tag}> leads nowhere", "link", hint))
        if tag in _PICTURES and not {"src", "mj-class"} & set(attributes):
            hint = "give it a `src`, the address of a picture below `images/`"
            self.problems.append(Problem(self._place(), f"this <{tag}> shows no picture", "picture_missing", hint))

    def _place(self) -> FilePosition:
        line, column = self.getpos()
        return FilePosition(self.source.file, line, column + 1)
