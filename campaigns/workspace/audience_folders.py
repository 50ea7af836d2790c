"""Audience folders: the workspace's own, and those beside campaign files elsewhere; each is read once."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Self, TypeVar

from campaigns.core.errors import Problem, UserError, closest_match, errors_only
from campaigns.core.model.audience import Audience
from campaigns.core.model.condition import Condition
from campaigns.rules.expand_audiences import audience_cycles
from campaigns.rules.traverse import audience_references
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import load_audience

Item = TypeVar("Item")

AudienceFaults = Mapping[str, tuple[Problem, ...]]
"""Problems of the audiences that cannot be used, by name."""


@dataclass(frozen=True, slots=True)
class KnownAudiences:
    """Audiences that a campaign file may name: files, usable audiences and faults, by name.

    An audience with a fault stops only what names it; so does an audience that names one.
    """

    files: Mapping[str, Path]
    audiences: Mapping[str, Audience]
    faults: AudienceFaults = field(default_factory=dict)

    def named(self, name: str) -> Audience:
        """Return the audience of a name; raise UserError if there is none, or if it cannot be used."""
        if name in self.faults:
            raise UserError(self.faults[name])
        if name not in self.audiences:
            hint = closest_match(Path(name).stem, self.files) or "the audiences are the files in config/audiences"
            raise UserError.about(name, "there is no audience of this name", "unknown_audience", hint)
        return self.audiences[name]

    def usable(self) -> Self:
        """Return the same audiences without those in cycles, and without those that refer to a fault."""
        faults = dict(self.faults)
        for cycle in audience_cycles({name: audience.match for name, audience in self.audiences.items()}):
            for name in cycle.names:
                faults[name] = (*faults.get(name, ()), cycle.problem)
        sound: set[str] = set()

        def examine(name: str) -> None:
            if name in faults or name in sound or name not in self.audiences:
                return
            match = self.audiences[name].match
            for reference in audience_references(match):
                examine(reference.name)
            problems = tuple(dict.fromkeys(reference_faults(match, faults)))
            if problems:
                faults[name] = problems
            else:
                sound.add(name)

        for name in self.audiences:
            examine(name)
        usable = {name: audience for name, audience in self.audiences.items() if name in sound}
        return replace(self, audiences=usable, faults=faults)


AudienceReader = Callable[[Path | None], KnownAudiences]
"""Reader of the audiences beside a campaign file; None: of the workspace alone."""


def audience_reader(own_folder: Path, vocabulary: RuleVocabulary) -> AudienceReader:
    """Return a reader of the workspace's audiences and of those beside a campaign file, which take precedence."""

    @cache
    def parse(beside: Path | None) -> KnownAudiences:
        if beside is None:
            return _parse_folder(own_folder, vocabulary)
        own = parse(None)
        names = vocabulary.audiences | own.files.keys()
        return _with_precedence(_parse_folder(beside, replace(vocabulary, audiences=names)), own)

    @cache
    def load(beside: Path | None) -> KnownAudiences:
        return parse(beside).usable()

    def load_beside(campaign_file: Path | None) -> KnownAudiences:
        beside = None if campaign_file is None else campaign_file.parent.parent / "audiences"
        is_own = beside is None or not beside.is_dir() or beside.resolve() == own_folder.resolve()
        return load(None if is_own else beside)

    return load_beside


def load_audiences(folder: Path, vocabulary: RuleVocabulary) -> KnownAudiences:
    """Return the audiences of a folder; each may refer to the others."""
    return _parse_folder(folder, vocabulary).usable()


def load_usable_audience(
    path: Path, vocabulary: RuleVocabulary, known: KnownAudiences
) -> tuple[Audience, tuple[Problem, ...]]:
    """Return the audience in the file and its warnings; raise UserError if it, or one that it names, has errors."""
    audience, warnings = load_audience(path, replace(vocabulary, audiences=frozenset(known.files)))
    is_known = path.stem in known.files and known.files[path.stem].resolve() == path.resolve()
    problems = known.faults.get(path.stem, ()) if is_known else reference_faults(audience.match, known.faults)
    if faults := tuple(dict.fromkeys(problems)):
        raise UserError(faults)
    return audience, warnings


def audience_files(folder: Path) -> dict[str, Path]:
    """Return the audience files of a folder by name."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def reference_faults(rule: Condition, faults: AudienceFaults) -> Iterator[Problem]:
    """Yield a problem for each audience with a fault that a rule names, and the problems of that audience."""
    for reference in audience_references(rule):
        problems = faults.get(reference.name)
        if problems:
            message = f"the audience `{reference.name}` has a fault and cannot be used"
            yield Problem(reference.place, message, "faulty_audience", f"mend {problems[0].place}")
            yield from problems


def _parse_folder(folder: Path, vocabulary: RuleVocabulary) -> KnownAudiences:
    files = audience_files(folder)
    known = replace(vocabulary, audiences=vocabulary.audiences | files.keys())
    audiences: dict[str, Audience] = {}
    faults: dict[str, tuple[Problem, ...]] = {}
    for name, file in files.items():
        try:
            audiences[name], _ = load_audience(file, known)
        except UserError as error:
            faults[name] = errors_only(error.problems)
    return KnownAudiences(files, audiences, faults)


def _with_precedence(first: KnownAudiences, second: KnownAudiences) -> KnownAudiences:
    """Return all audiences of both; a name in `first` hides that of `second`."""
    hidden = first.files.keys()
    return KnownAudiences(
        {**_without(second.files, hidden), **first.files},
        {**_without(second.audiences, hidden), **first.audiences},
        {**_without(second.faults, hidden), **first.faults},
    )


def _without(items: Mapping[str, Item], hidden: Collection[str]) -> dict[str, Item]:
    return {name: item for name, item in items.items() if name not in hidden}
