"""A draft: a campaign as it stands in files, before anything is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.localised_text import Localised
from campaigns.rendering.templates.folder import SHARED, load_folder
from campaigns.workspace.definition_hash import audiences_used, definition_hash
from campaigns.workspace.template_usage import UsedTemplate, digests, used_templates, with_offers


@dataclass(frozen=True, slots=True)
class Draft:
    """A campaign as it stands in files: its own, those of the audiences it may use, and its workspace's root."""

    campaign: Campaign
    file: Path
    audiences: Mapping[str, Audience]
    audience_files: Mapping[str, Path]
    root: Path

    @property
    def titles(self) -> Mapping[str, str | Localised]:
        """What the audiences are called."""
        return {name: audience.title for name, audience in self.audiences.items()}

    def templates(self) -> tuple[UsedTemplate, ...]:
        """The templates it uses; AuthorError with what is wrong with them."""
        return used_templates(self.campaign, partial(load_folder, self.root))

    def definition(self) -> str:
        """The hash of everything that decides what is sent."""
        files = [self.audience_files[name] for name in audiences_used(self.campaign, self.audiences)]
        return definition_hash(self.file, files, digests(self.templates()))

    def parts(self) -> Mapping[str, Path]:
        """Every file and folder that it is made of, by its place in a workspace."""
        named = audiences_used(self.campaign, self.audiences)
        used = self.templates()
        folders = {f"templates/{each.folder.channel}/{each.folder.name}" for each in used}
        shared = {f"templates/{each.folder.channel}/{SHARED}" for each in used}
        return {
            f"config/campaigns/{self.campaign.name}.yaml": self.file,
            **({"config/offers.yaml": self.root / "config/offers.yaml"} if with_offers(used) else {}),
            **{f"config/audiences/{name}.yaml": self.audience_files[name] for name in named},
            **{place: self.root / place for place in sorted(folders | shared) if (self.root / place).is_dir()},
        }
