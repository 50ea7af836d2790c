"""Placeholders for Jinja tags, `[[ key ]]` texts and Outlook comments, which MJML must not see.

They are extracted before MJML compiles and restored by number after. Each keeps its position in the author's file, so
that an error in the finished template points there.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.rendering.templates.folder import MAX_CHARACTERS, TemplateSource
from campaigns.rendering.templates.translations import TEXT_PLACEHOLDER, TranslatedText, closest_text

BRAND_PREFIX: Final = "brand."
_QUOTED: Final = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'])*?"""
JINJA_TAG: Final = re.compile(r"\{#.*?#\}|\{\{" + _QUOTED + r"\}\}|\{%" + _QUOTED + r"%\}", re.DOTALL)
_CLOSINGS: Final = {"{#": "#}", "{{": "}}", "{%": "%}"}
_MAX_UNCLOSED: Final = 20
_OUTLOOK: Final = re.compile(r"<!--\[if.*?<!\[endif\]-->", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_PLACEHOLDER: Final = re.compile(r"jq(\d{5})qj")
_OPENING: Final = re.compile(r"\{[{%][-+]?")
_BESIDE: Final = "write `{{ … }}` into the text itself, or the text before or after the tag"
_RAW: Final = re.compile(r"\{%[-+]?\s*(?:raw|endraw)\b")


def unclosed_tags(source: TemplateSource) -> Iterator[Problem]:
    """Yield a problem for each kind of tag that is opened far more often than closed.

    `JINJA_TAG` would look for the end of each opening anew: a long file of them would take minutes. A few are left to
    Jinja, which names them.
    """
    for opening, closing in _CLOSINGS.items():
        after = source.text.rfind(closing) + 1
        surplus = source.text.count(opening) - source.text.count(closing)
        if max(surplus, source.text.count(opening, after)) > _MAX_UNCLOSED:
            place = source.position_of(max(source.text.find(opening, after), source.text.find(opening)))
            yield Problem(place, f"many `{opening}` are not closed", "template_syntax", f"close each with `{closing}`")


@dataclass(frozen=True, slots=True)
class RestoredSource:
    """Restored Jinja source, and the origin of its lines."""

    text: str
    lines: tuple[int, ...]
    positions: tuple[FilePosition, ...]

    def position_of_line(self, line: int) -> FilePosition:
        """Return the author's position of the content that is now on `line`."""
        return self.positions[max(bisect_right(self.lines, line) - 1, 0)]


@dataclass(slots=True)
class Placeholders:
    """Placeholders of one template's files: extracted once, restored language by language.

    Constants of the brand are written in at once, for MJML to see, except those that differ by language.
    """

    texts: Mapping[str, TranslatedText]
    constants: Mapping[str, str | Localised] = field(default_factory=dict)
    _extracted: list[tuple[str | TranslatedText, FilePosition]] = field(default_factory=list)

    def extract(self, source: TemplateSource) -> str:
        """Return the source with a placeholder for every tag and text; UserError for keys without a text."""
        problems = list(unclosed_tags(source)) or list(self._problems(source))
        if problems:
            raise UserError(problems)
        pattern = f"{JINJA_TAG.pattern}|{TEXT_PLACEHOLDER.pattern}"
        return re.sub(pattern, lambda match: self._replacement(source, match), source.text, flags=re.DOTALL)

    def extract_markup(self, source: TemplateSource) -> str:
        """Return the MJML with placeholders also for Outlook's comments; other comments are removed."""
        text = _OUTLOOK.sub(
            lambda comment: self._placeholder(comment[0], source.position_of_line(1)), self.extract(source)
        )
        return _COMMENT.sub("", text)

    def language_placeholder(self) -> str:
        """Return a placeholder for the language code."""
        codes = Localised(**{language.value: language.value for language in Language})
        return self._placeholder(TranslatedText(codes, dict.fromkeys(Language, FilePosition(""))), FilePosition(""))

    def restore(self, extracted: str, language: Language, escape: Callable[[str], str] = str) -> RestoredSource:
        """Restore every placeholder of a text; texts are passed through `escape`, the tags in them are not."""
        writer = _Writer(escape)
        self._write(extracted, language, writer)
        return RestoredSource("".join(writer.parts), tuple(writer.lines), tuple(writer.places))

    def _replacement(self, source: TemplateSource, match: re.Match[str]) -> str:
        if match[0].startswith("{#"):
            return ""
        place = source.position_of(match.start())
        if not match[0].startswith("[["):
            return self._placeholder(match[0], place)
        key = match[1].strip()
        constant = self.constants.get(key)
        if isinstance(constant, str):
            return constant
        text = self.texts[key] if constant is None else TranslatedText(constant, dict.fromkeys(Language, place))
        return self._placeholder(text, place)

    def _placeholder(self, content: str | TranslatedText, place: FilePosition) -> str:
        self._extracted.append((content, place))
        return f"jq{len(self._extracted) - 1:05}qj"

    def _write(self, extracted: str, language: Language, writer: "_Writer") -> None:
        for index, piece in enumerate(_PLACEHOLDER.split(extracted)):
            if index % 2 == 0:
                writer.data(piece)
                continue
            content, place = self._extracted[int(piece)]
            if isinstance(content, TranslatedText):
                writer.words(content.localised.text(language), content.positions[language])
            elif content.startswith("<!--"):
                self._write(content, language, writer)
            else:
                writer.tag(content, place)

    def _problems(self, source: TemplateSource) -> Iterator[Problem]:
        for match in _PLACEHOLDER.finditer(source.text):
            yield Problem(
                source.position_of(match.start()), f"`{match[0]}` means something to us", "mark", "write it otherwise"
            )
        yield from self._unknown_names(source)
        for match in JINJA_TAG.finditer(source.text):
            if TEXT_PLACEHOLDER.search(match[0]):
                yield Problem(
                    source.position_of(match.start()), "a text stands beside a tag, not in it", "text_in_tag", _BESIDE
                )
            if _RAW.match(match[0]):
                yield Problem(
                    source.position_of(match.start()),
                    "`raw` is not allowed in templates",
                    "template_syntax",
                    "remove it",
                )

    def _unknown_names(self, source: TemplateSource) -> Iterator[Problem]:
        for match in TEXT_PLACEHOLDER.finditer(source.text):
            key = match[1].strip()
            place = source.position_of(match.start())
            if key.startswith(BRAND_PREFIX):
                if key not in self.constants:
                    hint = closest_match(key, self.constants) or "the names are in docs/templates.md"
                    yield Problem(place, f"there is no `{key}`", "unknown_brand", hint)
            elif key not in self.texts:
                yield Problem(place, f"there is no text `{key}`", "unknown_text", closest_text(key, self.texts))


@dataclass(slots=True)
class _Writer:
    escape: Callable[[str], str]
    parts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=lambda: [0])
    places: list[FilePosition] = field(default_factory=lambda: [FilePosition("")])
    line: int = 1
    characters: int = 0

    def data(self, text: str) -> None:
        self.parts.append(text)
        self.line += text.count("\n")

    def tag(self, text: str, place: FilePosition) -> None:
        # a line break inside the tag does not show in the message and gives each tag a line of its own
        match = _OPENING.match(text)
        opening = match[0] if match else ""
        self.lines.append(self.line + 1)
        self.places.append(place)
        self.data(f"{opening}\n{text[len(opening) :]}")

    def words(self, text: str, place: FilePosition) -> None:
        self.characters += len(text)
        if self.characters > MAX_CHARACTERS:
            message = f"the texts that are inserted have over {MAX_CHARACTERS} characters"
            raise UserError([Problem(place, message, "size", "insert less, or less often")])
        end = 0
        for match in JINJA_TAG.finditer(text):
            self.data(self.escape(text[end : match.start()]))
            self.tag(_inline(match[0]), place)
            end = match.end()
        self.data(self.escape(text[end:]))


def _inline(tag: str) -> str:
    """Return a text's tag without trimming: a text stands within a line, so its spaces and line breaks must stay."""
    tag = re.sub(r"^\{%(?![-+])", "{%+", tag)
    return re.sub(r"(?<![-+])%\}$", "+%}", tag)
