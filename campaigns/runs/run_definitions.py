"""Definitions of planned runs: the campaign and offers as planned, the frozen fields, and the run's files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.offer import Offer
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.planning.run_files import FrozenFields, RunFiles
from campaigns.runs.planning.shared_run_files import SharedRunFiles
from campaigns.store.runs.run_tables import Run
from campaigns.workspace.context import Context
from campaigns.workspace.repository import WorkspaceRepository

_CACHE_SIZE = 16

Definition = tuple[Campaign, Mapping[str, Offer]]


@dataclass(frozen=True)
class RunDefinitions:
    """Access to what was stored with plans, from this machine or through the ledger where machines share it.

    A plan's definition is parsed once, until the run is planned again or the workspace's files are reloaded.
    """

    context: Context
    _parsed: dict[object, tuple[WorkspaceRepository, Definition]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def files(self, run: Run) -> RunFiles:
        """Return the folder of a run's files."""
        return RunFiles(self.context.workspace.runs / run.run_id)

    def shared_files(self, run: Run) -> SharedRunFiles:
        """Return a run's files in the ledger, for workers on other machines."""
        return SharedRunFiles(self.context.ledger, run, self.files(run))

    def definition(self, run: Run) -> Definition:
        """Return the campaign as planned and its offers by id; raise UserError if the run's files are gone."""
        if self.context.has_workers:
            self.shared_files(run).fetch_definition()
        repository, key = self.context.repository, (run.run_id, run.planned_at, run.definition)
        cached = self._parsed.get(key)
        if cached is None or cached[0] is not repository or not self.files(run).definition.exists():
            cached = repository, repository.planned_campaign(self.files(run).definition, run.campaign)
            while len(self._parsed) >= _CACHE_SIZE:
                self._parsed.pop(next(iter(self._parsed)), None)
            self._parsed[key] = cached
        return cached[1]

    def campaign(self, run: Run) -> Campaign:
        """Return the campaign as planned."""
        return self.definition(run)[0]

    def run_context(self, run: Run) -> tuple[RunContext, Mapping[str, Offer]]:
        """Return what dispatch needs of a run, and its offers by id."""
        campaign, offers = self.definition(run)
        return RunContext(run, campaign, self.context.settings, self.context.signer, self.files(run)), offers

    def frozen_fields(self, run: Run) -> FrozenFields:
        """Open the frozen profile fields of a run's members; raise UserError when they are gone, as after its end."""
        try:
            if self.context.has_workers:
                return self.shared_files(run).open_fields()
            return FrozenFields(self.files(run).fields)
        except FileNotFoundError as error:
            raise UserError([missing_fields_problem(run)]) from error


def missing_fields_problem(run: Run) -> Problem:
    """Return the problem that a run's frozen fields are gone."""
    message, hint = "what was frozen for it about its members is not here", "restore `data/runs`"
    return Problem(FilePosition(run.run_id), message, "no_files", hint)
