"""Audience files: one named rule each."""

from pathlib import Path

from campaigns.core.errors import Problem, UserError, errors_only
from campaigns.core.model.audience import Audience, AudienceBase
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.file_names import file_name_problems
from campaigns.workspace.rule_fields import with_parsed_rule


def load_audience(path: Path, vocabulary: RuleVocabulary) -> tuple[Audience, tuple[Problem, ...]]:
    """Return the audience in the file and its warnings; raise UserError with all problems when it has errors.

    Cycles of references between audiences are found among all audiences of a folder only.
    """
    problems = list(file_name_problems(path))
    at = read_yaml(path)
    outline = validate(AudienceBase, at, problems, with_parsed_rule(at, "match", vocabulary, problems))
    if outline is None or errors_only(problems):
        raise UserError(problems)
    return Audience(name=path.stem, title=outline.title, match=outline.match), tuple(problems)


def is_audience_file(file: Path) -> bool:
    """Return whether a file holds an audience: it has the key `match`, or its folder is `audiences`."""
    if file.parent.name == "audiences":
        return True
    value = read_yaml(file).value
    return isinstance(value, dict) and "match" in value
