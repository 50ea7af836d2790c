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
from campaigns.workspace.audience_file import is_audience_file
from campaigns.workspace.audience_folders import AudienceReader, audience_files, audience_reader, load_usable_audience
from campaigns.workspace.campaign_definition import CampaignDefinition, reads_purchase_lines
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.check_cache import CheckCache
from campaigns.workspace.content_checks import ContentChecks
from campaigns.workspace.goods_protection import GoodsProtection
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.paths import Workspace
from campaigns.workspace.reviewed_categories import ReviewedCategory, read_reviewed
from campaigns.workspace.settings_file import load_settings
from campaigns.workspace.template_usage import TemplateChecks, TemplateLoader
from campaigns.workspace.unanswered import unanswered_problems
from campaigns.workspace.unused_templates import unused_templates


@dataclass(frozen=True)
class WorkspaceRepository:
    """Content of a workspace's files. Every property raises UserError with all problems of its file.

    A fault in an audience, the offers or labels stops only what uses them.
    """

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
        if not self.workspace.offers.exists():
            return ()
        return load_offers(self.workspace.offers, self.catalogue, self.settings.offer_sites)

    def offers_of(self, definition: CampaignDefinition) -> tuple[Offer, ...]:
        """Return the offers that a campaign may show; none, and no error, where no template shows any."""
        return self.offers if definition.shows_offers() else ()

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
            known = self._protections[today] = GoodsProtection(
                self.catalogue, file, kinds, reviewed, today, self.warehouse.kinds_of_products
            )
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
        known = self._audiences_for(file)
        vocabulary = replace(
            self.vocabulary,
            audiences=frozenset(known.files),
            campaigns=self.vocabulary.campaigns | {path.stem for path in file.parent.glob("*.yaml")},
        )
        loaded, warnings = load_campaign(
            file,
            vocabulary,
            audiences=known.audiences,
            faults=known.faults,
            newsletters=self.settings.newsletters,
            templates={channel: self.workspace.template_names(channel) for channel in Channel},
            now=now,
        )
        return CampaignDefinition(loaded, file, known.audiences, known.files, self.workspace.root), warnings

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
        advertised = self.goods_protection.offer_goods.advertised(offers) if offers else ()
        return load_campaign(workspace.campaign(campaign), vocabulary)[0], {offer.id: offer for offer in advertised}

    def audience(self, audience: str) -> tuple[Audience, Mapping[str, Audience]]:
        """Return the audience with this name or file path, and all audiences that it may refer to."""
        path = Path(audience)
        if path.suffix == ".yaml" and path.is_file():
            known = self._audiences_for(path.parent.parent / "campaigns" / path.name)
            return load_usable_audience(path, self.vocabulary, known)[0], known.audiences
        known = self._audiences_for(self.workspace.campaign(audience))
        return known.named(audience), known.audiences

    def load_all(self) -> None:
        """Read settings, catalogue and reviewed categories now, so that none of it fails later."""
        _ = self.settings, self.catalogue, self.reviewed_categories

    def audience_faults(self) -> tuple[Problem, ...]:
        """Return the problems of the workspace's audiences; they stop only what uses them."""
        faults = self._audiences_for(None).faults
        return tuple(dict.fromkeys(problem for problems in faults.values() for problem in problems))

    def offer_problems(self) -> tuple[Problem, ...]:
        """Return the problems of the offers file; they stop only campaigns that show offers."""
        try:
            _ = self.offers
        except UserError as error:
            return error.problems
        return ()

    def file_problems(self, file: Path, now: datetime) -> Iterator[Problem]:
        """Yield all errors and warnings of one campaign or audience file and its templates."""
        try:
            if is_audience_file(file):
                known = self._audiences_for(file.parent.parent / "campaigns" / file.name)
                audience, warnings = load_usable_audience(file, self.vocabulary, known)
                yield from warnings
                if reads_purchase_lines(audience.match, known.audiences, self.catalogue):
                    yield from self.goods_protection.problems
                return
            definition, warnings = self.campaign_definition(str(file), now)
        except UserError as error:
            yield from error.problems
            return
        yield from warnings
        yield from self._template_and_offer_problems(definition, now)
        yield from self.goods_problems(definition)

    def unused_template_faults(self) -> Iterator[Problem]:
        """Yield the errors of templates that no campaign names."""
        for channel, name in unused_templates(self.workspace):
            yield from self._template_checks.faults(channel, name)

    def notice_problems(self) -> list[Problem]:
        """Return the problems of settings with which notices (codes, confirmations) cannot be written."""
        digest = notices.notice_templates_digest()
        return self._check_cache.get_or_check("notes", digest, lambda: list(notices.notice_problems(self.settings)))

    def require_valid(self, definition: CampaignDefinition) -> None:
        """Raise UserError when a campaign's templates or the offers have errors; call this before planning."""
        problems = [*self._template_and_offer_problems(definition, None), *self.goods_problems(definition)]
        errors = errors_only([*problems, *unanswered_problems(self.workspace, self.settings)])
        if errors:
            raise UserError(errors)

    def goods_problems(self, definition: CampaignDefinition) -> Iterator[Problem]:
        """Yield what keeps a campaign from using products, and warnings; nothing for one that uses none."""
        if definition.uses_products(self.catalogue):
            yield from self.goods_protection.problems
            if not self.offer_problems():
                yield from self.goods_protection.offer_goods.warnings(self.offers, self.workspace.offers)

    def require_protected_goods(self, *rules: Condition, audiences: Mapping[str, Audience]) -> None:
        """Raise UserError when one of the rules reads purchase lines, and sensitive goods are not protected."""
        if any(reads_purchase_lines(rule, audiences, self.catalogue) for rule in rules):
            self.goods_protection.require()

    def _template_and_offer_problems(self, definition: CampaignDefinition, now: datetime | None) -> Iterator[Problem]:
        """Yield the problems of templates, offers and pictures; with `now`, whether offers are on sale when due."""
        campaign, schedule = definition.campaign, definition.campaign.schedule
        yield from self._template_checks.problems(campaign)
        due = None if now is None else schedule.next_after(now)
        day = None if due is None else local_day(due, schedule.zone)
        faults = self.offer_problems()
        if faults and definition.shows_offers():
            yield from faults
            return
        offers = () if faults else self.offers
        try:
            yield from self._content_checks.problems(campaign, definition.file, offers, self.workspace.offers, day)
        except UserError as error:
            yield from error.problems

    @cached_property
    def _load_template(self) -> TemplateLoader:
        return cache(partial(load_template_folder, self.workspace.root))

    @cached_property
    def _template_checks(self) -> TemplateChecks:
        return TemplateChecks(self._load_template, self.catalogue, self.settings, self._check_cache)

    @cached_property
    def _content_checks(self) -> ContentChecks:
        return ContentChecks(self._load_template, self.settings, self._check_cache, self.workspace.images)

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
