"""Daily campaign, and the outcomes of its runs."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from campaigns.operations.scheduler import Scheduler
from campaigns.store.runs.run_tables import RUN, Run
from tests.support.sample_workspace import SampleWorkspace

HELSINKI = ZoneInfo("Europe/Helsinki")
DAILY = """\
purpose: marketing
schedule: {cron: "30 10 * * *", late_by: 1 hour}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
DUE = datetime(2018, 1, 1, 8, 30, tzinfo=UTC)  # half past ten in Helsinki


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(UTC)


def publish(workspace: SampleWorkspace, name: str = "hi", text: str = DAILY) -> datetime | None:
    workspace.write_campaign(name, text)
    draft, _ = workspace.engine.context.repository.campaign_definition(name)
    return workspace.engine.publisher.publish(draft)


def run_scheduler(workspace: SampleWorkspace) -> None:
    scheduler = Scheduler(workspace.engine)
    scheduler.plan_due()
    scheduler.plan_due()  # the second starts runs planned by the first
    scheduler.send()


def all_runs(workspace: SampleWorkspace) -> list[Run]:
    with workspace.engine.context.ledger.read() as connection:
        return [Run(**row) for row in connection.execute(select(RUN).order_by(RUN.c.due_at)).mappings()]


def run_outcomes(workspace: SampleWorkspace) -> list[tuple[datetime, str, str | None]]:
    return [(run.due_at, run.state, run.reason) for run in all_runs(workspace)]
