"""Audience files: one rule with a name each, and all those of a workspace together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from campaigns.errors import AuthorError, Problem, errors_among
from campaigns.loading.file_name import name_problems
from campaigns.loading.rule_parts import with_rule
from campaigns.loading.shape import shaped
from campaigns.loading.yaml_source import read_yaml
from campaigns.rules.inlining import audience_cycles
from campaigns.rules.vocabulary import Vocabulary
from campaigns.spec.audience import Audience, AudienceOutline


def load_audience(path: Path, vocabulary: Vocabulary) -> tuple[Audience, tuple[Problem, ...]]:
    """The audience that the file says, with its warnings; AuthorError with all problems when it has errors.

    Whether the audiences that it refers to go round in a ring, only all of them together show.
    """
    problems = list(name_problems(path))
    at = read_yaml(path)
    outline = shaped(AudienceOutline, at, problems, with_rule(at, "match", vocabulary, problems))
    if outline is None or errors_among(problems):
        raise AuthorError(problems)
    return Audience(name=path.stem, title=outline.title, match=outline.match), tuple(problems)


def load_audiences(folder: Path, vocabulary: Vocabulary) -> Mapping[str, Audience]:
    """The audiences of a folder by name, each of which may refer to the others; AuthorError with all problems."""
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
