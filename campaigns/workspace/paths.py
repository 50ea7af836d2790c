"""Paths of a workspace: the folder that a marketer keeps in git."""

from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Final

from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel

_SETTINGS: Final = Path("config", "settings.yaml")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths below `root`. Those under `data` and `outbox` are created at run time."""

    root: Path

    @property
    def settings(self) -> Path:
        """Settings file."""
        return self.root / _SETTINGS

    @property
    def brand(self) -> Path:
        """Brand file; a workspace may have none."""
        return self.settings.with_name("brand.yaml")

    @property
    def catalogue(self) -> Path:
        """Catalogue file: it declares every table and column."""
        return self.root / "config" / "catalogue.yaml"

    @property
    def labels(self) -> Path:
        """Folder of label files: names of categories for members; a workspace may have none."""
        return self.root / "config" / "labels"

    @property
    def reviewed_categories(self) -> Path:
        """File of the product register's categories that somebody has looked at; a workspace may have none."""
        return self.root / "config" / "reviewed_categories.csv"

    @property
    def mappings(self) -> Path:
        """Folder of mapping files, which describe other systems' import files; a workspace may have none."""
        return self.root / "config" / "mappings"

    @property
    def offers(self) -> Path:
        """Offers file; a workspace may have none."""
        return self.root / "config" / "offers.yaml"

    @property
    def ranking_model(self) -> Path:
        """Model that ranks offers, trained on the workspace's purchases; a workspace may have none."""
        return self.root / "config" / "ranking.json"

    @property
    def campaigns(self) -> Path:
        """Folder of campaign files."""
        return self.root / "config" / "campaigns"

    @property
    def audiences(self) -> Path:
        """Folder of audience files."""
        return self.root / "config" / "audiences"

    def campaign(self, name: str) -> Path:
        """Return the path of a campaign's file; it may not exist."""
        return self.campaigns / f"{name}.yaml"

    def campaign_files(self) -> tuple[Path, ...]:
        """Return the campaign files, sorted by name."""
        return tuple(sorted(self.campaigns.glob("*.yaml")))

    def audience_files(self) -> tuple[Path, ...]:
        """Return the audience files, sorted by name."""
        return tuple(sorted(self.audiences.glob("*.yaml")))

    def find_file(self, path_or_name: Path) -> Path:
        """Return the campaign or audience file of a path, or of a name alone; the path itself when there is none."""
        if path_or_name.is_file():
            return path_or_name
        named = (path for path in (*self.campaign_files(), *self.audience_files()) if path.stem == str(path_or_name))
        return next(named, path_or_name)

    def template(self, channel: Channel, name: str) -> Path:
        """Return the folder of a template."""
        return self.templates / channel.value / name

    def template_names(self, channel: Channel) -> frozenset[str]:
        """Return the names of a channel's templates."""
        folders = (self.templates / channel.value).glob("[!_.]*/")
        return frozenset(folder.name for folder in folders)

    @property
    def templates(self) -> Path:
        """Folder of templates, with one folder per channel."""
        return self.root / "templates"

    @property
    def print_profile(self) -> Path:
        """Print profile: the positions of the envelope's windows."""
        return self.templates / Channel.POST.value / "_shared" / "profile.yaml"

    @property
    def images(self) -> Path:
        """Folder of images for messages."""
        return self.root / "images"

    @property
    def data(self) -> Path:
        """Folder of the engine's own data; not in git."""
        return self.root / "data"

    @property
    def ledger(self) -> Path:
        """Database file of the embedded ledger."""
        return self.data / "ledger.sqlite"

    @property
    def coupon_keys(self) -> Path:
        """File of the keys of coupon pools, where the environment has none."""
        return self.data / "coupon.keys"

    @property
    def warehouse(self) -> Path:
        """Folder of the warehouse's Parquet files."""
        return self.data / "warehouse"

    @property
    def runs(self) -> Path:
        """Folder of run files: definitions, and the frozen fields of open runs."""
        return self.data / "runs"

    @property
    def previews(self) -> Path:
        """Folder of previews: one folder a member, with one a campaign."""
        return self.data / "previews"

    @property
    def check_cache(self) -> Path:
        """Folder of cached template checks; may be deleted."""
        return self.data / "findings"

    @property
    def outbox(self) -> Path:
        """Folder into which the `folder` provider writes messages."""
        return self.root / "outbox"


def find_workspace(start: Path) -> Workspace:
    """Return the workspace around `start`: the nearest folder upwards with `config/settings.yaml`.

    Its root is relative when `start` is, so that problems name files as a person would type them. Raise UserError when
    there is no workspace.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / _SETTINGS).is_file():
            return Workspace(folder if start.is_absolute() else start / relpath(folder, here))
    hint = "`viesti init DIR` makes one, `--workspace DIR` names one"
    raise UserError.about(str(start), "there is no workspace here or above", "no_workspace", hint)
