"""Repository of a workspace's files, each read once: settings, catalogue, audiences, offers and campaigns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, cached_property, partial
from pathlib import Path

from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import Clock, local_day
from campaigns.core.errors import Problem, UserError, closest_match, errors_only
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Channel
from campaigns.core.model.offer import Offer
from campaigns.core.model.settings import Settings
from campaigns.rendering.checks import notices
from campaigns.rendering.templates.folder import load_template_folder
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import is_audience_file, load_audience
from campaigns.workspace.audience_folders import AudienceReader, audience_files, audience_reader
from campaigns.workspace.campaign_definition import CampaignDefinition, reads_purchase_lines
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.check_cache import CheckCache
from campaigns.workspace.file_names import unread_file_problems
from campaigns.workspace.goods_protection import GoodsProtection
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.paths import Workspace
from campaigns.workspace.reviewed_categories import ReviewedCategory, read_reviewed
from campaigns.workspace.settings_file import load_settings
from campaigns.workspace.template_usage import TemplateChecks


@dataclass(frozen=True)
class WorkspaceRepository:
    """Content of a workspace's files. Every property raises UserError with all problems of its file."""

    workspace: Workspace

    @cached_property
    def settings(self) -> Settings:
        """Settings in `config/settings.yaml`, with the brand in `config/brand.yaml`."""
        return load_settings(self.workspace.settings)

    @cached_property
    def clock(self) -> Clock:
        """Clock of the workspace; the settings may start it at another time than the real one."""
        return Clock.from_anchor_file(self.settings.clock_start, self.workspace.data / "clock.json")

    @cached_property
    def catalogue(self) -> Catalogue:
        """Catalogue in `config/catalogue.yaml`, with the labels in `config/labels`."""
        return load_catalogue(self.workspace.catalogue)

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        """Offers in `config/offers.yaml`; none when a workspace has no such file."""
        return load_offers(self.workspace.offers, self.catalogue) if self.workspace.offers.exists() else ()

    @cached_property
    def reviewed_categories(self) -> tuple[ReviewedCategory, ...]:
        """Categories in `config/reviewed_categories.csv`; none when a workspace has no such file."""
        return read_reviewed(self.workspace.reviewed_categories)

    @cached_property
    def warehouse(self) -> Warehouse:
        """Warehouse of the workspace."""
        return Warehouse(self.workspace.warehouse, self.catalogue)

    @property
    def goods_protection(self) -> GoodsProtection:
        """Protection of sensitive goods among the products of the last import."""
        kinds, today = (
            self.warehouse.product_kinds(),
            local_day(max(self.clock.now(), Clock().now()), self.settings.zone),
        )
        known = self._protections.get(today)
        if known is None or known.kinds is not kinds:
            file, reviewed = self.workspace.catalogue, self.reviewed_categories
            known = self._protections[today] = GoodsProtection(self.catalogue, file, kinds, reviewed, today)
        return known

    @cached_property
    def _protections(self) -> dict[date, GoodsProtection]:
        return {}

    @cached_property
    def vocabulary(self) -> RuleVocabulary:
        """Names that rules may use: the catalogue's, the categories in the data, and the workspace's own."""
        return RuleVocabulary(
            self.catalogue,
            self.warehouse.categories(),
            frozenset(audience_files(self.workspace.audiences)),
            frozenset(path.stem for path in self.workspace.campaign_files()),
        )

    def campaign_definition(
        self, campaign: str, now: datetime | None = None
    ) -> tuple[CampaignDefinition, tuple[Problem, ...]]:
        """Return the campaign with this name or file path, and its warnings; raise UserError with its problems.

        A file outside the workspace may have its own audiences in the folder `audiences` beside its own folder; they
        take precedence over the workspace's of the same name. Templates are the workspace's.
        """
        file = self._campaign_file(campaign)
        files, audiences = self._audiences_for(file)
        vocabulary = replace(
            self.vocabulary,
            audiences=frozenset(audiences),
            campaigns=self.vocabulary.campaigns | {path.stem for path in file.parent.glob("*.yaml")},
        )
        loaded, warnings = load_campaign(
            file,
            vocabulary,
            audiences=audiences,
            newsletters=self.settings.newsletters,
            templates={channel: self.workspace.template_names(channel) for channel in Channel},
            now=now,
        )
        return CampaignDefinition(loaded, file, audiences, files, self.workspace.root), warnings

    def planned_campaign(self, definition: Path, campaign: str) -> tuple[Campaign, Mapping[str, Offer]]:
        """Return a campaign as it was stored with a plan, and the offers of that time by id.

        The category values now in the data do not matter.
        """
        workspace = Workspace(definition)
        vocabulary = replace(
            self.vocabulary,
            values={},
            audiences=self.vocabulary.audiences | set(audience_files(workspace.audiences)),
        )
        offers = load_offers(workspace.offers, self.catalogue) if workspace.offers.exists() else ()
        advertised = self.goods_protection.offer_goods.advertised(offers)
        return load_campaign(workspace.campaign(campaign), vocabulary)[0], {offer.id: offer for offer in advertised}

    def audience(self, audience: str) -> tuple[Audience, Mapping[str, Audience]]:
        """Return the audience with this name or file path, and all audiences that it may refer to."""
        path = Path(audience)
        if path.suffix == ".yaml" and path.is_file():
            _, known = self._audiences_for(path.parent.parent / "campaigns" / path.name)
            vocabulary = replace(self.vocabulary, audiences=frozenset(known))
            return load_audience(path, vocabulary)[0], known
        _, known = self._audiences_for(self.workspace.campaign(audience))
        if audience not in known:
            hint = closest_match(path.stem, known) or "the audiences are the files in config/audiences"
            raise UserError.about(audience, "there is no audience of this name", "unknown_audience", hint)
        return known[audience], known

    def load_all(self) -> None:
        """Read everything but campaigns and templates now, so that none of it fails later."""
        _ = self.settings, self.catalogue, self.reviewed_categories, self.offers, self._audiences_for(None)

    def file_problems(self, file: Path, now: datetime) -> Iterator[Problem]:
        """Yield all errors and warnings of one campaign or audience file and its templates."""
        try:
            if is_audience_file(file):
                _, known = self._audiences_for(file.parent.parent / "campaigns" / file.name)
                audience, warnings = load_audience(file, replace(self.vocabulary, audiences=frozenset(known)))
                yield from warnings
                if reads_purchase_lines(audience.match, known, self.catalogue):
                    yield from self.goods_protection.problems
                return
            definition, warnings = self.campaign_definition(str(file), now)
        except UserError as error:
            yield from error.problems
            return
        yield from warnings
        yield from self._template_and_offer_problems(definition)
        yield from self.goods_problems(definition)

    def workspace_problems(self) -> Iterator[Problem]:
        """Yield all errors and warnings of the workspace outside its campaign and audience files.

        These are files that are never read, settings with which notices (codes, confirmations) cannot be written, and
        sensitive goods without protection.
        """
        yield from unread_file_problems(self.workspace.campaigns)
        yield from unread_file_problems(self.workspace.audiences)
        yield from unread_file_problems(self.workspace.labels)
        yield from self._check_cache.get_or_check(
            "notes", notices.notice_templates_digest(), lambda: list(notices.notice_problems(self.settings))
        )
        try:
            yield from self.goods_protection.problems
        except UserError as error:
            yield from error.problems

    def require_valid(self, definition: CampaignDefinition) -> None:
        """Raise UserError when a campaign's templates or the offers have errors; call this before planning."""
        errors = errors_only([*self._template_and_offer_problems(definition), *self.goods_problems(definition)])
        if errors:
            raise UserError(errors)

    def goods_problems(self, definition: CampaignDefinition) -> Iterator[Problem]:
        """Yield what keeps a campaign from using products, and warnings; nothing for one that uses none."""
        if definition.uses_products(self.catalogue):
            yield from self.goods_protection.problems
            yield from self.goods_protection.offer_goods.warnings(self.offers, self.workspace.offers)

    def require_protected_goods(self, *rules: Condition, audiences: Mapping[str, Audience]) -> None:
        """Raise UserError when one of the rules reads purchase lines, and sensitive goods are not protected."""
        if any(reads_purchase_lines(rule, audiences, self.catalogue) for rule in rules):
            self.goods_protection.require()

    def _template_and_offer_problems(self, definition: CampaignDefinition) -> Iterator[Problem]:
        yield from self._template_checks.problems(definition.campaign)
        try:
            _ = self.offers
        except UserError as error:
            yield from error.problems

    @cached_property
    def _template_checks(self) -> TemplateChecks:
        load = cache(partial(load_template_folder, self.workspace.root))
        return TemplateChecks(load, self.catalogue, self.settings, self._check_cache)

    @cached_property
    def _check_cache(self) -> CheckCache:
        _ = self.settings, self.catalogue  # they are files, and valid
        brand = repr((self.settings.organisation, self.settings.brand)).encode()  # with the pictures of its logo
        inputs = self.workspace.settings.read_bytes() + self.workspace.catalogue.read_bytes() + brand
        return CheckCache(self.workspace.check_cache, inputs)

    def _campaign_file(self, campaign: str) -> Path:
        path = Path(campaign)
        if path.suffix == ".yaml":
            return path
        files = {path.stem: path for path in self.workspace.campaign_files()}
        if campaign not in files:
            hint = closest_match(campaign, files) or f"one of: {', '.join(files)}"
            raise UserError.about(campaign, "there is no campaign of this name", "unknown_campaign", hint)
        return files[campaign]

    @cached_property
    def _audiences_for(self) -> AudienceReader:
        return audience_reader(self.workspace.audiences, self.vocabulary)
