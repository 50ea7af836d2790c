"""JSON Schemas: they accept every file that loads and mark invalid keys."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from campaigns.core.yaml.source import parse_yaml, read_yaml
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.json_schema import (
    audience_schema,
    brand_schema,
    campaign_schema,
    catalogue_schema,
    mapping_schema,
    offers_schema,
    settings_schema,
)

TESTS: Final = Path(__file__).parents[1]
CONFIG: Final = TESTS.parent / "config"

Schema = dict[str, Any]
SCHEMAS: Final[dict[str, Callable[[RuleVocabulary], Schema]]] = {
    "campaigns": campaign_schema,
    "audiences": audience_schema,
    "settings": lambda _: settings_schema(),
    "brand": lambda _: brand_schema(),
    "catalogue": lambda _: catalogue_schema(),
    "offers": lambda _: offers_schema(),
    "mappings": lambda _: mapping_schema(),
}


def _files(kind: str) -> list[Path]:
    return sorted(
        [*CONFIG.glob(f"{kind}/*.yaml"), *CONFIG.glob(f"{kind}.yaml"), *TESTS.glob(f"examples/{kind}/*.yaml")]
    )


ALL_FILES: Final = [(kind, path) for kind in SCHEMAS for path in _files(kind)]


@pytest.fixture(scope="module")
def vocabulary_of_all_files(bare_vocabulary: RuleVocabulary) -> RuleVocabulary:
    """Vocabulary with the audiences and campaigns of the repository's workspace and of the examples."""
    audiences, campaigns = (frozenset(path.stem for path in _files(kind)) for kind in ("audiences", "campaigns"))
    return RuleVocabulary(bare_vocabulary.catalogue, audiences=audiences, campaigns=campaigns)


def _json(value: object) -> object:
    """Return a value of a YAML file as an editor's validator sees it."""
    match value:
        case dict():
            return {key: _json(part) for key, part in value.items()}
        case list():
            return [_json(part) for part in value]
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            return value


@pytest.mark.parametrize(("kind", "path"), ALL_FILES, ids=lambda part: getattr(part, "stem", part))
def test_a_file_that_loads_is_valid(kind: str, path: Path, vocabulary_of_all_files: RuleVocabulary) -> None:
    errors = Draft202012Validator(SCHEMAS[kind](vocabulary_of_all_files)).iter_errors(_json(read_yaml(path).value))
    assert [error.message for error in errors] == []


def test_every_schema_has_example_files() -> None:
    assert {kind for kind, _ in ALL_FILES} == set(SCHEMAS)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_schema_is_valid_in_its_dialect(kind: str, vocabulary_of_all_files: RuleVocabulary) -> None:
    schema = SCHEMAS[kind](vocabulary_of_all_files)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize(
    ("invalid", "path"),
    [
        ("purpose: markting", ["purpose"]),
        ("schedule: {at: yesterday, late: 1 hour}", ["schedule"]),
        ("schedule: {late_by: soon}", ["schedule", "late_by"]),
        ("audience: nobody_of_that_name", ["audience"]),
        ("audience: {aeg: {from: 18}}", ["audience"]),
        ("content: {emial: weekend}", ["content"]),
        ("holdout: 5", ["holdout"]),
        ("audience:", ["audience"]),
        ("variants: [{name: one, email: weekend}]", []),
        ("unknown: key", []),
    ],
)
def test_an_editor_marks_the_invalid_key(
    invalid: str, path: list[str], vocabulary_of_all_files: RuleVocabulary
) -> None:
    valid = {
        "title": {"fi": "Edut", "sv": "Förmåner", "en": "Offers"},
        "purpose": "marketing",
        "schedule": {"at": "2018-01-05 10:30"},
        "audience": {"register": "owners"},
        "content": {"email": "weekend"},
    }
    validator = Draft202012Validator(campaign_schema(vocabulary_of_all_files))
    assert validator.is_valid(valid)
    change = parse_yaml(f"{invalid}\n".encode(), "f.yaml").value
    assert isinstance(change, dict)
    errors = validator.iter_errors({**valid, **change})
    assert [list(error.path) for error in errors] == [path]
