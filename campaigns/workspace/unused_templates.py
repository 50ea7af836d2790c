"""Templates that no campaign of a workspace names."""

from collections.abc import Iterator

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel
from campaigns.core.yaml.source import read_yaml
from campaigns.workspace.paths import Workspace


def unused_templates(workspace: Workspace) -> Iterator[tuple[Channel, str]]:
    """Yield the templates that no campaign names; none when a campaign file cannot be read."""
    try:
        named = {name for file in workspace.campaign_files() for name in _named(read_yaml(file).value)}
    except UserError:  # which the check of that file reports
        return
    for channel in Channel:
        for name in sorted(workspace.template_names(channel)):
            if (channel.value, name) not in named:
                yield channel, name


def _named(value: object) -> Iterator[tuple[str, str]]:
    """Yield channel and template wherever a file names them, whatever else is wrong with it."""
    if isinstance(value, dict):
        yield from ((key, part) for key, part in value.items() if isinstance(part, str))
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _named(part)
