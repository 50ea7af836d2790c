"""A workspace: the folder that a marketer keeps in git, and where everything in it stands."""

from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Final

from campaigns.errors import AuthorError
from campaigns.spec.words import Channel

_SETTINGS: Final = Path("config", "settings.yaml")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths below `root`. Those under `data` and `outbox` come to be at run time."""

    root: Path

    @property
    def settings(self) -> Path:
        """The file of the workspace's settings."""
        return self.root / _SETTINGS

    @property
    def catalogue(self) -> Path:
        """The file that declares every table and column."""
        return self.root / "config" / "catalogue.yaml"

    @property
    def offers(self) -> Path:
        """The file of offers, which a workspace may lack."""
        return self.root / "config" / "offers.yaml"

    @property
    def campaigns(self) -> Path:
        """The folder of campaign files."""
        return self.root / "config" / "campaigns"

    @property
    def audiences(self) -> Path:
        """The folder of audience files."""
        return self.root / "config" / "audiences"

    def campaign(self, name: str) -> Path:
        """The file of one campaign, whether or not it is there."""
        return self.campaigns / f"{name}.yaml"

    def campaign_files(self) -> tuple[Path, ...]:
        """The campaign files by name."""
        return tuple(sorted(self.campaigns.glob("*.yaml")))

    def audience_files(self) -> tuple[Path, ...]:
        """The audience files by name."""
        return tuple(sorted(self.audiences.glob("*.yaml")))

    def template(self, channel: Channel, name: str) -> Path:
        """The folder of one template."""
        return self.templates / channel.value / name

    def template_names(self, channel: Channel) -> frozenset[str]:
        """The names of a channel's templates."""
        folders = (self.templates / channel.value).glob("[!_.]*/")
        return frozenset(folder.name for folder in folders)

    @property
    def templates(self) -> Path:
        """The folder of templates, one folder a channel below it."""
        return self.root / "templates"

    @property
    def print_profile(self) -> Path:
        """The file that says where the windows of the envelope are."""
        return self.templates / Channel.POST.value / "_shared" / "profile.yaml"

    @property
    def images(self) -> Path:
        """The folder of the pictures that messages show."""
        return self.root / "images"

    @property
    def data(self) -> Path:
        """The folder of what the engine keeps; not in git."""
        return self.root / "data"

    @property
    def ledger(self) -> Path:
        """The file of the embedded ledger."""
        return self.data / "ledger.sqlite"

    @property
    def warehouse(self) -> Path:
        """The folder of Parquet files."""
        return self.data / "warehouse"

    @property
    def runs(self) -> Path:
        """The folder of the fields that open runs have frozen."""
        return self.data / "runs"

    @property
    def findings(self) -> Path:
        """The folder of what the last check found in templates; may be deleted."""
        return self.data / "findings"

    @property
    def outbox(self) -> Path:
        """The folder that the `folder` provider writes messages into."""
        return self.root / "outbox"


def find_workspace(start: Path) -> Workspace:
    """The workspace that `start` is in: the nearest folder upwards with `config/settings.yaml`.

    Its root is written relative to `start` when `start` is, so that problems name files as a person would type them.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / _SETTINGS).is_file():
            return Workspace(folder if start.is_absolute() else start / relpath(folder, here))
    hint = "`viesti init DIR` makes one, `--workspace DIR` names one"
    raise AuthorError.about(str(start), "there is no workspace here or above", "no_workspace", hint)
