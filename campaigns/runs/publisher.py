"""Publisher: hands campaigns to the scheduler and takes them back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.core.errors import UserError
from campaigns.store.people import audit
from campaigns.store.runs import publications, runs
from campaigns.store.runs.states import RunState
from campaigns.workspace.campaign_definition import CampaignDefinition
from campaigns.workspace.context import Context

_UNFINISHED: Final = (RunState.PLANNING, RunState.PLANNED, RunState.SENDING)


@dataclass(frozen=True)
class Publisher:
    """Publisher of one workspace's campaigns."""

    context: Context

    def publish(self, definition: CampaignDefinition) -> datetime | None:
        """Let the scheduler run this definition of a campaign; return when it is due next, if ever.

        Raise UserError if its templates or offers have errors.
        """
        context = self.context
        context.repository.require_valid(definition)
        now, name, definition_hash = context.clock.now(), definition.campaign.name, definition.definition_hash()
        with context.ledger.write() as connection:
            due = publications.publish(connection, definition.campaign, definition_hash, now, context.actor)
            audit.record(connection, now, context.actor, "publish", name, {"definition": definition_hash})
        return due

    def unpublish(self, campaign: str) -> list[str]:
        """Take a campaign from the scheduler, even if its file is gone; return the ids of its unfinished runs.

        Raise UserError if it is not published.
        """
        context = self.context
        with context.ledger.write() as connection:
            if not publications.unpublish(connection, campaign):
                message, hint = "no campaign of this name is published", "`viesti calendar`"
                raise UserError.about(campaign, message, "not_published", hint)
            audit.record(connection, context.clock.now(), context.actor, "unpublish", campaign)
            own_runs = [run for run in runs.with_state(connection, *_UNFINISHED) if run.campaign == campaign]
        return [run.run_id for run in own_runs if run.scheduled or run.state == RunState.SENDING]
