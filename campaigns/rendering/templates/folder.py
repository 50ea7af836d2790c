"""A template folder as a value: its files, its texts in three languages, its sample. Reads files, renders nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.rendering.templates.translations import Text, read_sample, read_texts

SHARED: Final = "_shared"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TEXTS: Final = "texts.yaml"
_SAMPLE: Final = "sample.yaml"
_LARGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one template file, and the name under which problems speak of it."""

    file: str
    text: str

    def place(self, line: int) -> FilePosition:
        """The start of a line; line 0 is the file as a whole."""
        return FilePosition(self.file, line, 1 if line else 0)

    def at(self, index: int) -> FilePosition:
        """The place of a character."""
        start = self.text.rfind("\n", 0, index) + 1
        return FilePosition(self.file, self.text.count("\n", 0, index) + 1, index - start + 1)


@dataclass(frozen=True, eq=False)
class TemplateFolder:
    """Everything that a template is made of. `files` and `shared` are by path below their folder, as bytes.

    A text or file of the folder's own hides the shared one of the same name. What is made of a folder is kept by the
    object: reading it again makes another.
    """

    channel: Channel
    name: str
    directory: str
    files: Mapping[str, bytes]
    shared: Mapping[str, bytes]
    texts: Mapping[str, Text]
    values: Mapping[str, object]

    def __contains__(self, file: str) -> bool:
        return file in self.files or file in self.shared

    def source(self, file: str) -> Source:
        """The text of a file of the folder, else of the shared folder; UserError when neither has it."""
        name = self.located(file)
        data = self.files[file] if file in self.files else self.shared.get(file)
        if data is None:
            raise UserError.about(name, "the template has no such file", "missing")
        try:
            return Source(name, data.decode("utf-8").replace("\r\n", "\n"))
        except UnicodeDecodeError as error:
            raise UserError.about(name, "the file is not UTF-8 text", "encoding") from error

    def located(self, file: str) -> str:
        """The name that problems give a file."""
        own = file in self.files or file not in self.shared
        return f"{self.directory}/{file}" if own else f"{Path(self.directory).parent.as_posix()}/{SHARED}/{file}"

    def texts_in(self, language: Language) -> Mapping[str, str]:
        """Every text of one language by its key."""
        return {key: text.words.text(language) for key, text in self.texts.items()}

    def sample(self, language: Language) -> dict[str, object]:
        """The values of `sample.yaml` over the shared ones; a value given in three languages is taken in `language`."""
        return {key: _spoken(value, language) for key, value in self.values.items()}

    @cached_property
    def _digest(self) -> str:
        folded = sha256()
        for owner, files in (("own", self.files), ("shared", self.shared)):
            for file, data in sorted(files.items()):
                folded.update(f"{owner}\0{file}\0{len(data)}\0".encode())
                folded.update(data)
        return folded.hexdigest()

    def digest(self) -> str:
        """SHA-256 over every file, own and shared: the template's part of a definition hash."""
        return self._digest


def load_folder(root: Path, channel: Channel, name: str) -> TemplateFolder:
    """The folder `templates/<channel>/<name>` of the workspace `root`; UserError with every problem found."""
    directory = f"templates/{channel.value}/{name}"
    if not _NAME.fullmatch(name):
        raise UserError.about(directory, "a template's name is lower-case letters, digits and `_`", "name")
    if not (root / directory).is_dir():
        raise UserError.about(directory, "there is no such template folder", "missing")
    problems: list[Problem] = []
    shared = _Half.read(root, f"templates/{channel.value}/{SHARED}", problems)
    own = _Half.read(root, directory, problems)
    problems += [
        Problem(FilePosition(f"{directory}/{wanted}"), f"a template needs `{wanted}`", "missing")
        for wanted in (_TEXTS, _SAMPLE)
        if wanted not in own.files
    ]
    if problems:
        raise UserError(problems)
    texts, values = {**shared.texts, **own.texts}, _over(shared.values, own.values)
    return TemplateFolder(channel, name, directory, own.files, shared.files, texts, values)


@dataclass(frozen=True, slots=True)
class _Half:
    """What stands in one directory: the template's own or the shared one."""

    files: Mapping[str, bytes]
    texts: Mapping[str, Text]
    values: Mapping[str, object]

    @classmethod
    def read(cls, root: Path, directory: str, problems: list[Problem]) -> Self:
        """Everything in the directory, nothing when there is none; what is wrong goes to `problems`."""
        files = dict(_files(root, directory, problems))
        texts = read_texts(f"{directory}/{_TEXTS}", files.get(_TEXTS), problems)
        return cls(files, texts, read_sample(f"{directory}/{_SAMPLE}", files.get(_SAMPLE), problems))


def _files(root: Path, directory: str, problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
    base = root / directory
    for path in sorted(base.rglob("*")) if base.is_dir() else ():
        file = path.relative_to(base).as_posix()
        if path.is_symlink():  # it could point at anything on the machine
            problems.append(Problem(FilePosition(f"{directory}/{file}"), "a template holds no symbolic links", "link"))
        elif path.is_file() and not file.startswith(".") and "/." not in file:
            if path.stat().st_size > _LARGEST:
                problems.append(Problem(FilePosition(f"{directory}/{file}"), "the file is larger than 1 MB", "size"))
                continue
            yield file, path.read_bytes()


def _over(shared: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    merged = dict(shared)
    for key, value in own.items():
        below = merged.get(key)
        merged[key] = {**below, **value} if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _spoken(value: object, language: Language) -> object:
    match value:
        case dict() if set(value) == {each.value for each in Language}:
            return value[language.value]
        case dict():
            return {key: _spoken(each, language) for key, each in value.items()}
        case list():
            return [_spoken(each, language) for each in value]
        case _:
            return value
