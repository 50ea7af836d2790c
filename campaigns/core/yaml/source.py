"""YAML files as plain values with their positions; the only module that knows the YAML parser.

It reads the parser's events, not its objects: every duplicate key is found and not only the first, an alias bomb is
refused before anything is built from it, and no number becomes a binary float.
"""

from codecs import BOM_UTF8
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.regular_files import open_regular
from campaigns.core.yaml.located import Located, NodePath
from campaigns.core.yaml.scalar import parse_scalar
from campaigns.core.yaml.syntax import syntax_problem, tag_problem
from campaigns.core.yaml.tree import Position, TreeBuilder, YamlNode

MAX_BYTES: Final = 1_000_000
_NAMELESS: Final = ""


def read_yaml(path: Path, name: str | None = None) -> Located:
    """Return the mapping in the file; problems call the file `name`, by default its path as given.

    Values are str, int, Decimal, bool, date, None, list and dict with text keys. Raise UserError for everything else,
    with all problems that could be found.
    """
    return parse_yaml(_content(path, name or str(path)), name or str(path))


def parse_yaml(content: bytes, file: str) -> Located:
    """Return the mapping in the bytes of a file called `file`, like `read_yaml`."""
    try:
        return replace(_parse(content), file=file)
    except UserError as error:
        raise error.renamed(file) from error


@lru_cache(maxsize=512)
def _parse(content: bytes) -> Located:
    """Return the mapping of a file without a name: files of equal content, as in copied workspaces, are read once."""
    tree = TreeBuilder(_NAMELESS)
    _read_events(_text(content), tree)
    if tree.problems:
        raise UserError(tree.problems)
    if tree.root is None or tree.root.value is None:
        raise UserError.about(_NAMELESS, "the file is empty", "empty_file", "give it its keys, such as `title: ...`")
    if not isinstance(tree.root.value, dict):
        message = "the file is not a mapping of keys and values"
        raise UserError(
            [Problem(FilePosition(_NAMELESS, *tree.root.position), message, "not_a_mapping", "write `key: value`")]
        )
    keys: dict[NodePath, Position] = {}
    values: dict[NodePath, Position] = {}
    return Located(_NAMELESS, tree.root.plain_value((), keys, values), keys, values)


def _content(path: Path, file: str) -> bytes:
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except UserError as error:
        raise error.renamed(file) from error
    except OSError as error:
        raise UserError.about(file, "the file cannot be read", "unreadable", "is the path right?") from error
    if len(content) > MAX_BYTES:
        raise UserError.about(file, "the file is over 1 MB", "too_large", "split it into several files")
    return content


def _text(content: bytes) -> str:
    content = content.removeprefix(BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        place = FilePosition(_NAMELESS, *_position(before, len(before)))
        hint = "save the file as UTF-8"
        raise UserError([Problem(place, "this byte is not UTF-8", "not_utf8", hint)]) from error


def _position(text: str, index: int) -> Position:
    line_start = text.rfind("\n", 0, index) + 1
    return text.count("\n", 0, index) + 1, index - line_start + 1


def _read_events(text: str, tree: TreeBuilder) -> None:
    documents = 0
    try:
        # `pure`: the same problems at the same places, with or without the C parser
        for event in YAML(typ="safe", pure=True).parse(text):
            documents += isinstance(event, DocumentStartEvent)
            if documents > 1:
                hint = "make a file of each, and remove `---`"
                tree.add_problem(_mark(event.start_mark), "a second document begins here", "several_documents", hint)
                return
            _handle_event(event, tree)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        opening = _mark(error.context_mark) if error.context_mark else None
        tree.problems.append(syntax_problem(tree.file, text, _mark(mark), opening))
    except ReaderError as error:
        message = f"the character U+{error.character:04X} may not stand in a text file"
        index = next(index for index, character in enumerate(text) if ord(character) == error.character)
        tree.add_problem(_position(text, index), message, "control_character", "remove it, or retype the line")


def _handle_event(event: Event, tree: TreeBuilder) -> None:
    position = _mark(event.start_mark)
    if getattr(event, "tag", None) is not None:
        tree.problems.append(tag_problem(tree.file, position))
    match event:
        case DocumentStartEvent() if event.version or event.tags:
            tree.add_problem(position, "directives (`%...`) are not read here", "directive", "remove the lines above")
        case MappingStartEvent():
            tree.open(YamlNode(position, {}), event.anchor)
        case SequenceStartEvent():
            tree.open(YamlNode(position, []), event.anchor)
        case CollectionEndEvent():
            tree.close()
        case AliasEvent():
            tree.add_alias(position, event.anchor)
        case ScalarEvent():
            plain = event.implicit[0]
            tree.add(YamlNode(position, parse_scalar(event.value) if plain else event.value), event.anchor)


def _mark(mark: StreamMark) -> Position:
    return mark.line + 1, mark.column + 1
