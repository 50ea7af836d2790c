"""What a workspace's files say, read once: settings, catalogue, audiences, offers, and campaigns by name or path."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property, partial
from pathlib import Path

from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import Clock
from campaigns.core.errors import AuthorError, Problem, errors_among, nearest
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Channel
from campaigns.core.model.offer import Offer
from campaigns.core.model.settings import Settings
from campaigns.core.yaml.source import read_yaml
from campaigns.rendering.checks import notices
from campaigns.rendering.templates.folder import load_folder
from campaigns.rules.vocabulary import Vocabulary
from campaigns.workspace.audience_file import load_audience, load_audiences
from campaigns.workspace.campaign_definition import Draft
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.check_cache import KeptFindings
from campaigns.workspace.file_names import unread_files
from campaigns.workspace.offers_file import load_offers
from campaigns.workspace.paths import Workspace
from campaigns.workspace.settings_file import load_settings
from campaigns.workspace.template_usage import TemplateChecks

KnownAudiences = tuple[Mapping[str, Path], Mapping[str, Audience]]


@dataclass(frozen=True)
class Library:
    """The readable side of a workspace. Every property raises AuthorError with all problems of its file."""

    workspace: Workspace

    @cached_property
    def settings(self) -> Settings:
        """`config/settings.yaml`."""
        return load_settings(self.workspace.settings)

    @cached_property
    def clock(self) -> Clock:
        """The workspace's clock, which the settings may start at another time than the world's."""
        return Clock.anchored(self.settings.clock_start, self.workspace.data / "clock.json")

    @cached_property
    def catalogue(self) -> Catalogue:
        """`config/catalogue.yaml`."""
        return load_catalogue(self.workspace.catalogue)

    @cached_property
    def offers(self) -> tuple[Offer, ...]:
        """`config/offers.yaml`; none where a workspace has no such file."""
        return load_offers(self.workspace.offers, self.catalogue) if self.workspace.offers.exists() else ()

    @cached_property
    def warehouse(self) -> Warehouse:
        """The workspace's warehouse."""
        return Warehouse(self.workspace.warehouse, self.catalogue)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The names that rules may use: the catalogue's, the data's categories, the workspace's own."""
        return Vocabulary(
            self.catalogue,
            self.warehouse.categories(),
            frozenset(self._audience_files(self.workspace.audiences)),
            frozenset(path.stem for path in self.workspace.campaign_files()),
        )

    def draft(self, campaign: str, now: datetime | None = None) -> tuple[Draft, tuple[Problem, ...]]:
        """The campaign of a name, or of a file anywhere, with its warnings; AuthorError with what is wrong with it.

        A file outside the workspace may bring audiences of its own, in the folder `audiences` beside its own; they go
        before the workspace's of the same name. Templates are the workspace's.
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
        return Draft(loaded, file, audiences, files, self.workspace.root), warnings

    def planned(self, definition: Path, campaign: str) -> tuple[Campaign, Mapping[str, Offer]]:
        """A campaign as it was kept with a plan, and the offers of its time by id.

        What stands in the data by now takes no part.
        """
        kept = Workspace(definition)
        vocabulary = replace(
            self.vocabulary, values={}, audiences=self.vocabulary.audiences | set(self._audience_files(kept.audiences))
        )
        offers = load_offers(kept.offers, self.catalogue) if kept.offers.exists() else ()
        return load_campaign(kept.campaign(campaign), vocabulary)[0], {offer.id: offer for offer in offers}

    def audience(self, audience: str) -> tuple[Audience, Mapping[str, Audience]]:
        """The audience of a name, or of a file anywhere, and all those that it may refer to."""
        path = Path(audience)
        if path.suffix == ".yaml" and path.exists():
            _, known = self._audiences_for(path.parent.parent / "campaigns" / path.name)
            vocabulary = replace(self.vocabulary, audiences=frozenset(known))
            return load_audience(path, vocabulary)[0], known
        _, known = self._audiences_for(self.workspace.campaign(audience))
        if audience not in known:
            hint = nearest(path.stem, known) or "the audiences are the files in config/audiences"
            raise AuthorError.about(audience, "there is no audience of this name", "unknown_audience", hint)
        return known[audience], known

    def read(self) -> None:
        """Read all but campaigns and templates now, so that nothing of it fails later."""
        _ = self.settings, self.catalogue, self.offers, self._audiences_of(None)

    def problems(self, file: Path, now: datetime) -> Iterator[Problem]:
        """Everything that is wrong, or worth a warning, in one campaign or audience file and its templates."""
        try:
            if is_audience(file):
                _, known = self._audiences_for(file.parent.parent / "campaigns" / file.name)
                yield from load_audience(file, replace(self.vocabulary, audiences=frozenset(known)))[1]
                return
            draft, warnings = self.draft(str(file), now)
        except AuthorError as error:
            yield from error.problems
            return
        yield from warnings
        yield from self._problems_besides(draft)

    def problems_of_workspace(self) -> Iterator[Problem]:
        """What is wrong, or worth a warning, beside the files of campaigns and audiences.

        Files that nobody reads, and what keeps codes and confirmations from being written with these settings.
        """
        yield from unread_files(self.workspace.campaigns)
        yield from unread_files(self.workspace.audiences)
        yield from self._findings.of("notes", notices.digest(), lambda: list(notices.problems(self.settings)))

    def vet(self, draft: Draft) -> None:
        """AuthorError with what is wrong with a campaign's templates and with the offers, before it is decided on."""
        wrong = errors_among(self._problems_besides(draft))
        if wrong:
            raise AuthorError(wrong)

    def _problems_besides(self, draft: Draft) -> Iterator[Problem]:
        yield from self._template_checks.problems(draft.campaign)
        try:
            _ = self.offers
        except AuthorError as error:
            yield from error.problems

    @cached_property
    def _template_checks(self) -> TemplateChecks:
        load = cache(partial(load_folder, self.workspace.root))
        return TemplateChecks(load, self.catalogue, self.settings, self._findings)

    @cached_property
    def _findings(self) -> KeptFindings:
        given = self.workspace.settings.read_bytes() + self.workspace.catalogue.read_bytes()
        return KeptFindings(self.workspace.findings, given)

    def _campaign_file(self, campaign: str) -> Path:
        path = Path(campaign)
        if path.suffix == ".yaml":
            return path
        file = self.workspace.campaign(campaign)
        if not file.exists():
            names = [path.stem for path in self.workspace.campaign_files()]
            hint = nearest(campaign, names) or f"one of: {', '.join(names)}"
            raise AuthorError.about(campaign, "there is no campaign of this name", "unknown_campaign", hint)
        return file

    def _audiences_for(self, campaign_file: Path) -> KnownAudiences:
        """The audiences that a campaign file may name, by name: their files and themselves."""
        beside = campaign_file.parent.parent / "audiences"
        own = not beside.is_dir() or beside.resolve() == self.workspace.audiences.resolve()
        return self._audiences_of(None if own else beside)

    @cached_property
    def _audiences_of(self) -> Callable[[Path | None], KnownAudiences]:
        """The workspace's audiences, and those of another folder, which go before them; each folder is read once."""

        @cache
        def of(beside: Path | None) -> KnownAudiences:
            before, kept = ({}, {}) if beside is None else of(None)
            folder = self.workspace.audiences if beside is None else beside
            files = {**before, **self._audience_files(folder)}
            return files, {**kept, **load_audiences(folder, replace(self.vocabulary, audiences=frozenset(files)))}

        return of

    @staticmethod
    def _audience_files(folder: Path) -> dict[str, Path]:
        return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def is_audience(file: Path) -> bool:
    """Whether a file holds an audience: it has the key `match`, which no campaign has, or stands among audiences."""
    if file.parent.name == "audiences":
        return True
    value = read_yaml(file).value
    return isinstance(value, dict) and "match" in value
