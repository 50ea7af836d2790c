"""What MJML must not see: Jinja's tags, `[[ key ]]` and Outlook's comments, taken out and put back by their number.

Each keeps the place where its author wrote it, so that an error in the finished template still points there.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from campaigns.core.errors import AuthorError, Place, Problem, nearest
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.rendering.templates.folder import Source
from campaigns.rendering.templates.translations import TEXT_KEY, Text

_QUOTED: Final = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'])*?"""
TAG: Final = re.compile(r"\{#.*?#\}|\{\{" + _QUOTED + r"\}\}|\{%" + _QUOTED + r"%\}", re.DOTALL)
_OUTLOOK: Final = re.compile(r"<!--\[if.*?<!\[endif\]-->", re.DOTALL)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_MARK: Final = re.compile(r"jq(\d{5})qj")
_OPENING: Final = re.compile(r"\{[{%][-+]?")
_RAW: Final = re.compile(r"\{%[-+]?\s*(?:raw|endraw)\b")


@dataclass(frozen=True, slots=True)
class Filled:
    """A finished Jinja source, and where its lines came from."""

    text: str
    lines: tuple[int, ...]
    places: tuple[Place, ...]

    def place(self, line: int) -> Place:
        """Where the author wrote what now stands on `line`."""
        return self.places[max(bisect_right(self.lines, line) - 1, 0)]


@dataclass(slots=True)
class Holes:
    """Digs holes into the files of one template and fills them, language by language."""

    texts: Mapping[str, Text]
    _dug: list[tuple[str | Text, Place]] = field(default_factory=list)

    def dig(self, source: Source) -> str:
        """The source with a mark for every tag and text; AuthorError for keys that have no text."""
        problems = list(self._problems(source))
        if problems:
            raise AuthorError(problems)
        return re.sub(
            f"{TAG.pattern}|{TEXT_KEY.pattern}", lambda found: self._hole(source, found), source.text, flags=re.DOTALL
        )

    def dig_markup(self, source: Source) -> str:
        """As `dig`; Outlook's comments become holes too, and the author's are left out."""
        text = _OUTLOOK.sub(lambda found: self._mark(found[0], source.place(1)), self.dig(source))
        return _COMMENT.sub("", text)

    def language(self) -> str:
        """A mark for the code of the language."""
        codes = Localised(**{language.value: language.value for language in Language})
        return self._mark(Text(codes, dict.fromkeys(Language, Place(""))), Place(""))

    def fill(self, marked: str, language: Language, escape: Callable[[str], str] = str) -> Filled:
        """The marked text with everything put back; the words of texts go through `escape`, their tags do not."""
        writer = _Writer(escape)
        self._write(marked, language, writer)
        return Filled("".join(writer.parts), tuple(writer.lines), tuple(writer.places))

    def _hole(self, source: Source, found: re.Match[str]) -> str:
        if found[0].startswith("{#"):
            return ""
        text = self.texts[found[1].strip()] if found[0].startswith("[[") else found[0]
        return self._mark(text, source.at(found.start()))

    def _mark(self, content: str | Text, place: Place) -> str:
        self._dug.append((content, place))
        return f"jq{len(self._dug) - 1:05}qj"

    def _write(self, marked: str, language: Language, writer: "_Writer") -> None:
        for index, piece in enumerate(_MARK.split(marked)):
            if index % 2 == 0:
                writer.data(piece)
                continue
            content, place = self._dug[int(piece)]
            if isinstance(content, Text):
                writer.words(content.words.text(language), content.places[language])
            elif content.startswith("<!--"):
                self._write(content, language, writer)
            else:
                writer.tag(content, place)

    def _problems(self, source: Source) -> Iterator[Problem]:
        for found in _MARK.finditer(source.text):
            yield Problem(source.at(found.start()), f"`{found[0]}` means something to us: write it otherwise", "mark")
        for found in TEXT_KEY.finditer(source.text):
            key = found[1].strip()
            if key not in self.texts:
                place = source.at(found.start())
                yield Problem(place, f"there is no text `{key}`", "unknown_text", nearest(key, self.texts))
        for found in TAG.finditer(source.text):
            if TEXT_KEY.search(found[0]):
                yield Problem(source.at(found.start()), "a text stands beside a tag, not in it", "text_in_tag")
            if _RAW.match(found[0]):
                yield Problem(source.at(found.start()), "`raw` is not for templates", "template_syntax")


@dataclass(slots=True)
class _Writer:
    escape: Callable[[str], str]
    parts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=lambda: [0])
    places: list[Place] = field(default_factory=lambda: [Place("")])
    line: int = 1

    def data(self, text: str) -> None:
        self.parts.append(text)
        self.line += text.count("\n")

    def tag(self, text: str, place: Place) -> None:
        # a line break inside the tag changes nothing in the message and gives each tag a line of its own
        end = _OPENING.match(text)
        opening = end[0] if end else ""
        self.lines.append(self.line + 1)
        self.places.append(place)
        self.data(f"{opening}\n{text[len(opening) :]}")

    def words(self, text: str, place: Place) -> None:
        at = 0
        for found in TAG.finditer(text):
            self.data(self.escape(text[at : found.start()]))
            self.tag(_inline(found[0]), place)
            at = found.end()
        self.data(self.escape(text[at:]))


def _inline(tag: str) -> str:
    """A text stands within a line: its tags take no space and no line break away, as those of a file do."""
    tag = re.sub(r"^\{%(?![-+])", "{%+", tag)
    return re.sub(r"(?<![-+])%\}$", "+%}", tag)
