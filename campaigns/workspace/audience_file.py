"""Audience files: one named rule each, and all audiences of a folder together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from campaigns.core.errors import AuthorError, Problem, errors_among
from campaigns.core.model.audience import Audience, AudienceOutline
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import shaped
from campaigns.rules.expand_audiences import audience_cycles
from campaigns.rules.vocabulary import Vocabulary
from campaigns.workspace.file_names import name_problems
from campaigns.workspace.rule_fields import with_rule


def load_audience(path: Path, vocabulary: Vocabulary) -> tuple[Audience, tuple[Problem, ...]]:
    """Return the audience in the file and its warnings; raise UserError with all problems when it has errors.

    Cycles of references between audiences are found by `load_audiences` only.
    """
    problems = list(name_problems(path))
    at = read_yaml(path)
    outline = shaped(AudienceOutline, at, problems, with_rule(at, "match", vocabulary, problems))
    if outline is None or errors_among(problems):
        raise AuthorError(problems)
    return Audience(name=path.stem, title=outline.title, match=outline.match), tuple(problems)


def load_audiences(folder: Path, vocabulary: Vocabulary) -> Mapping[str, Audience]:
    """Return the audiences of a folder by name; each may refer to the others. Raise UserError with all problems."""
    files = sorted(folder.glob("*.yaml"))
    known = replace(vocabulary, audiences=vocabulary.audiences | {file.stem for file in files})
    problems: list[Problem] = []
    audiences: dict[str, Audience] = {}
    for file in files:
        try:
            audiences[file.stem], _ = load_audience(file, known)
        except AuthorError as error:
            problems += error.problems
    problems += audience_cycles({name: audience.match for name, audience in audiences.items()})
    if errors_among(problems):
        raise AuthorError(problems)
    return audiences
