"""Details of the organisation that nobody has answered: messages without them would break the law (FI-04)."""

from collections.abc import Iterator
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.placeholder import PLACEHOLDER
from campaigns.core.model.settings import Settings
from campaigns.core.yaml.source import read_yaml
from campaigns.workspace.paths import Workspace

_NOT_SENT: Final = "folder"
"""Provider that writes messages to a folder, where nobody is misled by them."""


def unanswered_problems(workspace: Workspace, settings: Settings) -> Iterator[Problem]:
    """Yield each detail that is still the placeholder of `viesti init`: an error where messages leave the house."""
    channels = settings.channels
    providers = {each.provider for each in (channels.email, channels.sms, channels.post, channels.phone)}
    severity = Severity.WARNING if providers == {_NOT_SENT} else Severity.ERROR
    for name, value in settings.organisation.model_dump().items():
        texts = value.values() if isinstance(value, dict) else (value,)
        if PLACEHOLDER in texts:
            message = f"`{name}` is still `{PLACEHOLDER}`, and the law wants it in every message"
            yield Problem(_place(workspace, name), message, "unanswered", "write your own here", severity)


def _place(workspace: Workspace, name: str) -> FilePosition:
    """Return the place of a detail in the file that has the organisation."""
    for file in (workspace.brand, workspace.settings):
        at = read_yaml(file) if file.exists() else None
        if at is not None and "organisation" in dict(at.entries()):
            return at.part("organisation").part(name).place
    return FilePosition(str(workspace.settings))
