"""Expected sends: what became of an occasion before its time."""

from datetime import UTC, datetime, timedelta
from typing import Final

from campaigns.runs.capacity.expected_sends import expected_sends
from campaigns.runs.dispatch import run_transitions
from tests.support.sample_workspace import NOW, SampleWorkspace

DUE: Final = datetime(2018, 1, 5, 8, 30, tzinfo=UTC)
CAMPAIGN: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
channels: [email]
content: {email: hello}
"""


def states(workspace: SampleWorkspace) -> list[tuple[str | None, int | None]]:
    sends = expected_sends(workspace.engine.queries, NOW - timedelta(days=31), NOW + timedelta(days=31))
    return [(each.state, each.messages) for each in sends]


def test_an_occasion_whose_run_was_cancelled_does_not_come(workspace: SampleWorkspace) -> None:
    run, _ = workspace.plan("letter", CAMPAIGN, DUE)
    assert states(workspace) == [(None, 24)]
    workspace.engine.run_control.transition(run_transitions.cancel, run.run_id)
    assert states(workspace) == []


def test_a_campaign_of_every_ten_minutes_is_listed_for_the_whole_month(workspace: SampleWorkspace) -> None:
    workspace.write_campaign("often", CAMPAIGN.replace('{at: "2018-01-05 10:30"}', '{cron: "*/10 * * * *"}'))
    sends = expected_sends(workspace.engine.queries, NOW - timedelta(days=31), NOW + timedelta(days=31))
    assert (len(sends), sends[-1].due_at) == (31 * 24 * 6 - 1, NOW + timedelta(days=31, minutes=-10))


def test_an_occasion_that_was_sent_before_its_time_is_not_expected_again(workspace: SampleWorkspace) -> None:
    run, _ = workspace.plan("letter", CAMPAIGN, DUE)
    workspace.engine.run_control.start(run)
    workspace.send(run)
    assert states(workspace) == [("closed", 24)]
