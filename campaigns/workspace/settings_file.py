"""Settings file of a workspace."""

from pathlib import Path

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.settings import Settings
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate


def load_settings(path: Path) -> Settings:
    """Return the settings in the file; raise UserError with all its problems."""
    problems: list[Problem] = []
    settings = validate(Settings, read_yaml(path), problems)
    if settings is None:
        raise UserError(problems)
    return settings
