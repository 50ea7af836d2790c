"""Audience files: one named rule each, and all audiences of a folder together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from campaigns.core.errors import Problem, UserError, errors_only
from campaigns.core.model.audience import Audience, AudienceBase
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate
from campaigns.rules.expand_audiences import audience_cycles
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.file_names import file_name_problems
from campaigns.workspace.rule_fields import with_parsed_rule


def load_audience(path: Path, vocabulary: RuleVocabulary) -> tuple[Audience, tuple[Problem, ...]]:
    """Return the audience in the file and its warnings; raise UserError with all problems when it has errors.

    Cycles of references between audiences are found by `load_audiences` only.
    """
    problems = list(file_name_problems(path))
    at = read_yaml(path)
    outline = validate(AudienceBase, at, problems, with_parsed_rule(at, "match", vocabulary, problems))
    if outline is None or errors_only(problems):
        raise UserError(problems)
    return Audience(name=path.stem, title=outline.title, match=outline.match), tuple(problems)


def load_audiences(folder: Path, vocabulary: RuleVocabulary) -> Mapping[str, Audience]:
    """Return the audiences of a folder by name; each may refer to the others. Raise UserError with all problems."""
    files = sorted(folder.glob("*.yaml"))
    known = replace(vocabulary, audiences=vocabulary.audiences | {file.stem for file in files})
    problems: list[Problem] = []
    audiences: dict[str, Audience] = {}
    for file in files:
        try:
            audiences[file.stem], _ = load_audience(file, known)
        except UserError as error:
            problems += error.problems
    problems += audience_cycles({name: audience.match for name, audience in audiences.items()})
    if errors_only(problems):
        raise UserError(problems)
    return audiences


def is_audience_file(file: Path) -> bool:
    """Return whether a file holds an audience: it has the key `match`, or its folder is `audiences`."""
    if file.parent.name == "audiences":
        return True
    value = read_yaml(file).value
    return isinstance(value, dict) and "match" in value
