"""Campaign definition: a campaign and the files it is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.core.clock import from_warehouse_time
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Channel, DataClass
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.core.regular_files import is_regular
from campaigns.rendering.letters.letter_pictures import IMAGES_FOLDER
from campaigns.rendering.letters.markup import PICTURE, offer_drawings
from campaigns.rendering.templates.folder import SHARED_FOLDER, load_template_folder
from campaigns.rules.data_usage import data_usage
from campaigns.rules.scope import RuleScope
from campaigns.workspace.definition_hash import audiences_used, definition_hash
from campaigns.workspace.template_usage import UsedTemplate, template_digests, used_templates, variants_with_offers

_ANY_TIME: Final = from_warehouse_time(datetime(2018, 1, 1))  # noqa: DTZ001 - the data a rule reads depend on no day


@dataclass(frozen=True, slots=True)
class CampaignDefinition:
    """Campaign with its file, the audiences it may use with theirs, and the root of its workspace."""

    campaign: Campaign
    file: Path
    audiences: Mapping[str, Audience]
    audience_files: Mapping[str, Path]
    root: Path

    @property
    def titles(self) -> Mapping[str, str | Localised]:
        """Titles of the audiences by name."""
        return {name: audience.title for name, audience in self.audiences.items()}

    def uses_products(self, catalogue: Catalogue) -> bool:
        """Return whether products decide anything: its offers, or rules about purchase lines."""
        campaign = self.campaign
        goal = None if campaign.experiment is None else campaign.experiment.goal
        rules = [rule for rule in (campaign.audience, goal, *(each.when for each in campaign.variants)) if rule]
        return bool(
            campaign.offers
            or any(variant.offers for variant in campaign.variants)
            or any(reads_purchase_lines(rule, self.audiences, catalogue) for rule in rules)
        )

    def templates(self) -> tuple[UsedTemplate, ...]:
        """Return the templates it uses; raise UserError with their problems."""
        return used_templates(self.campaign, partial(load_template_folder, self.root))

    def shows_offers(self) -> bool:
        """Return whether a template shows offers; False for templates that cannot be read."""
        try:
            return bool(variants_with_offers(self.templates()))
        except UserError:
            return False

    def definition_hash(self) -> str:
        """Return the hash of everything that decides which messages are sent."""
        files = [self.audience_files[name] for name in audiences_used(self.campaign, self.audiences)]
        return definition_hash(self.file, files, template_digests(self.templates()))

    def files(self, offers: Iterable[Offer] = ()) -> Mapping[str, Path]:
        """Return every file and folder it is made of, by its place in a workspace.

        Letters print the pictures of `offers`; an e-mail only names them. Raise UserError when one is missing.
        """
        names = audiences_used(self.campaign, self.audiences)
        templates = self.templates()
        folders = {f"templates/{template.folder.channel}/{template.folder.name}" for template in templates}
        shared = {f"templates/{template.folder.channel}/{SHARED_FOLDER}" for template in templates}
        letters = [each.folder for each in templates if each.folder.channel is Channel.POST]
        prints_pictures = any(PICTURE in offer_drawings(folder) for folder in letters)
        pictures = {f"{IMAGES_FOLDER}/{offer.image}" for offer in offers} if prints_pictures else set()
        require_pictures(self.root, pictures)
        return {
            f"config/campaigns/{self.campaign.name}.yaml": self.file,
            **({"config/offers.yaml": self.root / "config/offers.yaml"} if variants_with_offers(templates) else {}),
            **{f"config/audiences/{name}.yaml": self.audience_files[name] for name in names},
            **{place: self.root / place for place in sorted(folders | shared) if (self.root / place).is_dir()},
            **{place: self.root / place for place in sorted(pictures)},
        }


def require_pictures(root: Path, places: Iterable[str]) -> None:
    """Raise UserError with the pictures that letters print and that are not there."""
    missing = sorted(place for place in places if not is_regular(root / place))
    if missing:
        message, hint = "letters print this picture of an offer, and it is missing", "put it there, or name another"
        raise UserError(Problem(FilePosition(place), message, "picture_missing", hint) for place in missing)


def reads_purchase_lines(rule: Condition, audiences: Mapping[str, Audience], catalogue: Catalogue) -> bool:
    """Return whether a rule reads purchase lines, by itself or through the audiences that it names."""
    matches = {name: audience.match for name, audience in audiences.items()}
    scope = RuleScope(as_of=_ANY_TIME, zone=ZoneInfo("UTC"), catalogue=catalogue, audiences=matches)
    return DataClass.BASKET in data_usage(rule, scope).data_classes
