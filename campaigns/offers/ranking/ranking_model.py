"""Model of the ranking: a logistic formula over the terms, kept in a JSON file with where it comes from."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.private_files import inherited_umask
from campaigns.offers.ranking.terms import DEFINITIONS_VERSION, TERM_NAMES

FORMAT_VERSION: Final = 1
BUILT_IN: Final = Path(__file__).with_name("model.json")
_HINT: Final = "delete the file to use the built-in model, or bring one of this version"
_DATES: Final = ("trained_at", "training_from", "training_to")


def feature_hash() -> str:
    """Return the hash of the terms' names and the version of their definitions."""
    text = json.dumps([DEFINITIONS_VERSION, *TERM_NAMES])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RankingModel:
    """Logistic formula: `intercept + Σ coefficient × (term − mean) / scale`, all by the term's name.

    `training_from` and `training_to` (exclusive) bound the baskets it was trained on; `validation` are figures on
    later baskets, by name.
    """

    coefficients: Mapping[str, float]
    means: Mapping[str, float]
    scales: Mapping[str, float]
    intercept: float
    training_from: date
    training_to: date
    trained_at: datetime
    validation: Mapping[str, float] = field(default_factory=dict)
    feature_hash: str = field(default_factory=feature_hash)

    def save(self, path: Path) -> None:
        """Write the model; replace an older file in one step."""
        content = {
            "format": FORMAT_VERSION,
            "feature_hash": self.feature_hash,
            "trained_at": self.trained_at.isoformat(),
            "training_from": self.training_from.isoformat(),
            "training_to": self.training_to.isoformat(),
            "validation": dict(self.validation),
            "intercept": self.intercept,
            "terms": {
                name: {"coefficient": self.coefficients[name], "mean": self.means[name], "scale": self.scales[name]}
                for name in TERM_NAMES
            },
        }
        draft = path.with_name(f"{path.name}.new")
        with inherited_umask():
            draft.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", "ascii")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> "RankingModel":
        """Return the model of a file; raise UserError with every problem, and change nothing."""
        try:
            text = path.read_bytes()
        except OSError as error:
            raise UserError.about(
                str(path), f"this file cannot be read: {error.strerror}", "unreadable", _HINT
            ) from error
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: bytes, file: str) -> "RankingModel":
        """Return the model of a file's text; raise UserError with every problem."""
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            place = FilePosition(file, error.lineno, error.colno)
            raise UserError([Problem(place, f"this is not JSON: {error.msg}", "not_json", _HINT)]) from error
        except ValueError as error:
            raise UserError.about(file, "this is not JSON: it is not UTF-8 text", "not_json", _HINT) from error
        return _ModelReader(file, text.decode()).read(content)


def model_file(path: Path) -> Path:
    """Return the file of the model in use: that of the workspace, or the built-in one when it has none."""
    return path if path.exists() else BUILT_IN


def installed_model(path: Path) -> RankingModel:
    """Return the model in use; raise UserError when the workspace's own is broken."""
    return RankingModel.load(path) if path.exists() else built_in_model()


def model_problems(path: Path) -> tuple[Problem, ...]:
    """Return the problems of the workspace's own model; they stop only campaigns that show offers."""
    try:
        installed_model(path)
    except UserError as error:
        return error.problems
    return ()


@cache
def built_in_model() -> RankingModel:
    """Return the model that comes with the program."""
    return RankingModel.load(BUILT_IN)


class _ModelReader:
    """Reader of a parsed model that collects problems, each at the line of its key."""

    def __init__(self, file: str, text: str) -> None:
        self._file, self._lines = file, text.splitlines()
        self._problems: list[Problem] = []

    def read(self, content: object) -> RankingModel:
        if not isinstance(content, dict):
            raise UserError.about(self._file, "a model is an object with keys", "not_a_model", _HINT)
        self._check_versions(content)
        terms = content.get("terms")
        if not isinstance(terms, dict):
            self._report("terms", "`terms` is missing", "missing_terms")
            terms = {}
        self._check_names(terms)
        parts = {
            part: {name: self._number(terms[name], part, name) for name in TERM_NAMES if name in terms}
            for part in ("coefficient", "mean", "scale")
        }
        for name, scale in parts["scale"].items():
            if scale <= 0:
                self._report(name, f"the scale of `{name}` is not above zero", "not_a_number")
        intercept = self._number(content, "intercept", "intercept")
        moments = {name: self._moment(content, name) for name in _DATES}
        validation = self._validation(content.get("validation", {}))
        if self._problems:
            raise UserError(self._problems)
        return RankingModel(
            parts["coefficient"],
            parts["mean"],
            parts["scale"],
            intercept,
            moments["training_from"].date(),
            moments["training_to"].date(),
            moments["trained_at"],
            validation,
        )

    def _check_versions(self, content: Mapping[str, Any]) -> None:
        """Stop at a file of another version: nothing in it means the same."""
        if content.get("format") != FORMAT_VERSION:
            message = f"the format of this model is {content.get('format')!r}, and this version reads {FORMAT_VERSION}"
            raise UserError([self._problem("format", message, "other_format")])
        if content.get("feature_hash") != feature_hash():
            message = (
                f"this model has the feature hash {content.get('feature_hash')!r}; the terms are {feature_hash()!r}"
            )
            raise UserError([self._problem("feature_hash", message, "other_features")])

    def _check_names(self, terms: Mapping[str, Any]) -> None:
        for name in TERM_NAMES:
            if terms and name not in terms:
                self._report("terms", f"the term `{name}` is missing", "missing_term")
        for name in terms:
            if name not in TERM_NAMES:
                self._report(name, f"there is no term `{name}`", "unknown_term")

    def _number(self, values: object, key: str, place: str) -> float:
        value = values.get(key) if isinstance(values, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._report(
                place,
                f"`{key}` of `{place}` is not a number" if key != place else f"`{key}` is not a number",
                "not_a_number",
            )
            return 1.0
        return float(value)

    def _moment(self, content: Mapping[str, Any], name: str) -> datetime:
        try:
            return datetime.fromisoformat(content[name])
        except (KeyError, TypeError, ValueError):
            self._report(name, f"`{name}` is not a date", "not_a_date")
            return datetime.min.replace(tzinfo=UTC)

    def _validation(self, values: object) -> Mapping[str, float]:
        if not isinstance(values, dict):
            self._report("validation", "`validation` is not an object of figures", "not_a_number")
            return {}
        return {name: self._number(values, name, name) for name in values}

    def _report(self, key: str, message: str, code: str) -> None:
        self._problems.append(self._problem(key, message, code))

    def _problem(self, key: str, message: str, code: str) -> Problem:
        """Return a problem at the first line with the key; about the file as a whole where there is none."""
        for number, line in enumerate(self._lines, 1):
            at = line.find(f'"{key}"')
            if at >= 0:
                return Problem(FilePosition(self._file, number, at + 1), message, code, _HINT)
        return Problem(FilePosition(self._file), message, code, _HINT)
