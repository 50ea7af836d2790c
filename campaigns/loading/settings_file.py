"""The settings file of a workspace."""

from pathlib import Path

from campaigns.errors import AuthorError, Problem
from campaigns.loading.shape import shaped
from campaigns.loading.yaml_source import read_yaml
from campaigns.spec.settings import Settings


def load_settings(path: Path) -> Settings:
    """The settings that the file says; AuthorError with all its problems."""
    problems: list[Problem] = []
    settings = shaped(Settings, read_yaml(path), problems)
    if settings is None:
        raise AuthorError(problems)
    return settings
