"""Template folders: files, texts in three languages, sample. Reads files, renders nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.offer import discount_share
from campaigns.rendering.templates.coupon_values import is_sample_coupon, sample_coupon
from campaigns.rendering.templates.translations import TranslatedText, read_sample, read_texts

SHARED_FOLDER: Final = "_shared"
MAX_CHARACTERS: Final = 1_000_000
"""Characters of a template with all its includes and texts; no channel sends a tenth of it."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TEXTS: Final = "texts.yaml"
_SAMPLE: Final = "sample.yaml"
_LARGEST: Final = 1_000_000
_SMALLER: Final = "write less; pictures lie below `images/`"


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """Text of one template file, and its name in problems."""

    file: str
    text: str

    def position_of_line(self, line: int) -> FilePosition:
        """Return the position of the start of a line; line 0 is the file as a whole."""
        return FilePosition(self.file, line, 1 if line else 0)

    def position_of(self, index: int) -> FilePosition:
        """Return the position of a character."""
        start = self.text.rfind("\n", 0, index) + 1
        return FilePosition(self.file, self.text.count("\n", 0, index) + 1, index - start + 1)


@dataclass(frozen=True, eq=False)
class TemplateFolder:
    """Contents of one template. `files` and `shared` hold bytes by path below their folder.

    The template's own text or file hides the shared one of the same name. Compiled templates are cached by object
    identity: loading the folder again gives a new object, which is compiled anew.
    """

    channel: Channel
    name: str
    directory: str
    files: Mapping[str, bytes]
    shared: Mapping[str, bytes]
    texts: Mapping[str, TranslatedText]
    sample_values: Mapping[str, object]

    def __contains__(self, file: str) -> bool:
        return file in self.files or file in self.shared

    def source(self, file: str) -> TemplateSource:
        """Return the text of a file of the folder, else of the shared folder; UserError when neither has it."""
        name = self.path_of(file)
        try:
            return TemplateSource(name, self.content(file).decode("utf-8").replace("\r\n", "\n"))
        except UnicodeDecodeError as error:
            raise UserError.about(name, "the file is not UTF-8 text", "encoding", "save it anew as UTF-8") from error

    def content(self, file: str) -> bytes:
        """Return a file of the folder, else of the shared folder; UserError when neither has it."""
        data = self.files[file] if file in self.files else self.shared.get(file)
        if data is None:
            raise UserError.about(self.path_of(file), "the template has no such file", "missing")
        return data

    def path_of(self, file: str) -> str:
        """Return the name of a file in problems: its path in the workspace."""
        own = file in self.files or file not in self.shared
        return f"{self.directory}/{file}" if own else f"{Path(self.directory).parent.as_posix()}/{SHARED_FOLDER}/{file}"

    def texts_in(self, language: Language) -> Mapping[str, str]:
        """Return every text of one language by its key."""
        return {key: text.localised.text(language) for key, text in self.texts.items()}

    def sample(self, language: Language) -> dict[str, object]:
        """Return the values of `sample.yaml` merged over the shared ones, with translated values in `language`.

        The discount of each offer is computed from its prices, as it is for members; one may have no reason. A coupon
        gets the code of samples.
        """
        values = {key: _in_language(value, language) for key, value in self.sample_values.items()}
        offers = values.get("offers")
        return values | (
            {"offers": [self._sample_offer(offer, language) for offer in offers]} if isinstance(offers, list) else {}
        )

    def _sample_offer(self, offer: object, language: Language) -> object:
        if not isinstance(offer, dict):
            return offer
        discount = _discount(offer.get("price"), offer.get("lowest_price_30d"))
        coupon = sample_coupon(offer, self.channel, language)
        return {"discount": discount, "url": None, "reason": None, **offer, "coupon": coupon}

    @cached_property
    def _digest(self) -> str:
        digest = sha256()
        for owner, files in (("own", self.files), ("shared", self.shared)):
            for file, data in sorted(files.items()):
                digest.update(f"{owner}\0{file}\0{len(data)}\0".encode())
                digest.update(data)
        return digest.hexdigest()

    def digest(self) -> str:
        """Return a SHA-256 over every file, own and shared: the template's part of a definition hash."""
        return self._digest


def load_template_folder(root: Path, channel: Channel, name: str) -> TemplateFolder:
    """Load the folder `templates/<channel>/<name>` of the workspace `root`; UserError with every problem."""
    directory = f"templates/{channel.value}/{name}"
    if not _NAME.fullmatch(name):
        raise UserError.about(directory, "a template's name is lower-case letters, digits and `_`", "name")
    if not (root / directory).is_dir():
        raise UserError.about(directory, "there is no such template folder", "missing")
    problems: list[Problem] = []
    shared = _Directory.read(root, f"templates/{channel.value}/{SHARED_FOLDER}", problems)
    own = _Directory.read(root, directory, problems)
    problems += [
        Problem(
            FilePosition(f"{directory}/{file}"),
            f"a template needs `{file}`",
            "missing",
            "copy that of another template",
        )
        for file in (_TEXTS, _SAMPLE)
        if file not in own.files
    ]
    texts, values = {**shared.texts, **own.texts}, _merged(shared.values, own.values)
    problems += _coupon_problems(f"{directory}/{_SAMPLE}", values)
    if problems:
        raise UserError(problems)
    return TemplateFolder(channel, name, directory, own.files, shared.files, texts, values)


@dataclass(frozen=True, slots=True)
class _Directory:
    """Contents of one directory: the template's own or the shared one."""

    files: Mapping[str, bytes]
    texts: Mapping[str, TranslatedText]
    values: Mapping[str, object]

    @classmethod
    def read(cls, root: Path, directory: str, problems: list[Problem]) -> Self:
        """Read the directory, empty when there is none; problems are appended to `problems`."""
        files = dict(_files(root, directory, problems))
        texts = read_texts(f"{directory}/{_TEXTS}", files.get(_TEXTS), problems)
        return cls(files, texts, read_sample(f"{directory}/{_SAMPLE}", files.get(_SAMPLE), problems))


def _files(root: Path, directory: str, problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
    base = root / directory
    if base.is_symlink():
        problems.append(_link_problem(directory))
        return
    for path in sorted(base.rglob("*")) if base.is_dir() else ():
        file = path.relative_to(base).as_posix()
        if path.is_symlink():
            problems.append(_link_problem(f"{directory}/{file}"))
        elif path.is_file() and not file.startswith(".") and "/." not in file:
            if path.stat().st_size > _LARGEST:
                problems.append(
                    Problem(FilePosition(f"{directory}/{file}"), "the file is larger than 1 MB", "size", _SMALLER)
                )
                continue
            yield file, path.read_bytes()


def _link_problem(file: str) -> Problem:
    """Return the problem of a symbolic link, which could lead to anything on the machine."""
    return Problem(FilePosition(file), "a template holds no symbolic links", "link", "copy what it leads to")


def _merged(shared: Mapping[str, object], own: Mapping[str, object]) -> dict[str, object]:
    merged = dict(shared)
    for key, value in own.items():
        shared_value = merged.get(key)
        merged[key] = {**shared_value, **value} if isinstance(shared_value, dict) and isinstance(value, dict) else value
    return merged


def _coupon_problems(file: str, values: Mapping[str, object]) -> Iterator[Problem]:
    """Yield a problem for each coupon of a sample's offers that names no kind, or no format of its code."""
    offers = values.get("offers")
    for offer in offers if isinstance(offers, list) else ():
        coupon = offer.get("coupon") if isinstance(offer, dict) else None
        if coupon is not None and not is_sample_coupon(coupon):
            message, hint = "a coupon of the sample has no known kind and format", "`coupon: {kind: code, format: qr}`"
            yield Problem(FilePosition(file), message, "sample_coupon", hint)


def _discount(price: object, lowest: object) -> Decimal | None:
    match price, lowest:
        case (Decimal() | int() as price, Decimal() | int() as lowest) if lowest > 0:
            return discount_share(price, lowest)
    return None


def _in_language(value: object, language: Language) -> object:
    match value:
        case dict() if set(value) == {code.value for code in Language}:
            return value[language.value]
        case dict():
            return {key: _in_language(item, language) for key, item in value.items()}
        case list():
            return [_in_language(item, language) for item in value]
        case _:
            return value
