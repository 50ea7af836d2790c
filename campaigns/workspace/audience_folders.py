"""Audience folders: the workspace's own, and those beside campaign files elsewhere; each is read once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from campaigns.core.model.audience import Audience
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import load_audiences

KnownAudiences = tuple[Mapping[str, Path], Mapping[str, Audience]]
"""Audiences that a campaign file may name, by name: their files and themselves."""

AudienceReader = Callable[[Path | None], KnownAudiences]
"""Reader of the audiences beside a campaign file; None: of the workspace alone."""


def audience_reader(own_folder: Path, vocabulary: RuleVocabulary) -> AudienceReader:
    """Return a reader of the workspace's audiences and of those beside a campaign file, which take precedence."""

    @cache
    def load(beside: Path | None) -> KnownAudiences:
        own_files, own_audiences = ({}, {}) if beside is None else load(None)
        folder = own_folder if beside is None else beside
        files = {**own_files, **audience_files(folder)}
        audiences = load_audiences(folder, replace(vocabulary, audiences=frozenset(files)))
        return files, {**own_audiences, **audiences}

    def load_beside(campaign_file: Path | None) -> KnownAudiences:
        beside = None if campaign_file is None else campaign_file.parent.parent / "audiences"
        is_own = beside is None or not beside.is_dir() or beside.resolve() == own_folder.resolve()
        return load(None if is_own else beside)

    return load_beside


def audience_files(folder: Path) -> dict[str, Path]:
    """Return the audience files of a folder by name."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
