"""Seeds (A-20): each gets the messages of a run once, when it starts, and counts in none of its figures."""

from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from campaigns.core.errors import UserError
from tests.support.sample_campaigns import TWO_VARIANTS
from tests.support.sample_workspace import SampleWorkspace

LETTER = TWO_VARIANTS.replace(", rate: 1 per hour", "")
INTERNAL = 'internal_addresses: ["@kyla.example.org", "+358401112223"]\n'
SEEDS = f"""\
{INTERNAL}seeds:
  - {{address: aino@kyla.example.org, language: sv}}
  - {{address: bo@kyla.example.org}}
  - {{address: "+358401112223", language: en}}
"""


def final_figures(workspace: SampleWorkspace) -> dict[str, Any]:
    """Run a campaign to its end; return every figure that is stored or shown."""
    run, plan_counts = workspace.plan("letter", LETTER)
    workspace.engine.run_control.start(run)
    workspace.send(run)
    counts = workspace.engine.queries.run(run.run_id).counts
    return {
        "plan_counts": plan_counts,
        "counts": counts,
        "ends": workspace.end_states(run),
        "balance": workspace.balance(run),
    }


def mails(workspace: SampleWorkspace) -> list[Any]:
    files = (workspace.root / "outbox").rglob("*.eml")
    return [message_from_bytes(path.read_bytes(), policy=SMTP) for path in files]


def test_every_seed_gets_every_variant_of_its_channel_once_and_unmarked(workspace: SampleWorkspace) -> None:
    workspace.add_setting(SEEDS)
    run, _ = workspace.plan("letter", LETTER)
    for _ in range(2):
        workspace.engine.run_control.start(workspace.engine.queries.run(run.run_id))
    received = sorted((mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails(workspace))
    assert received == [*[("aino@kyla.example.org", "Hej")] * 2, *[("bo@kyla.example.org", "Hei")] * 2]
    [texts] = (workspace.root / "outbox").rglob("*.jsonl")
    assert texts.read_text("utf-8").count("+358401112223") == 1


def test_seeds_change_no_figure_of_the_run(workspace: SampleWorkspace, tmp_path: Path) -> None:
    other = SampleWorkspace(Path(copytree(workspace.root, tmp_path / "other")), workspace.clock)
    other.add_setting(SEEDS)
    try:
        assert final_figures(other) == final_figures(workspace)
        assert len(mails(other)) == len(mails(workspace)) + 4
    finally:
        other.close()


def test_seed_whose_message_cannot_be_composed_holds_up_no_member(
    workspace: SampleWorkspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.add_setting(SEEDS)
    workspace.write_campaign("letter", LETTER)
    sample = workspace.root / "templates/email/hello/sample.yaml"
    run, _ = workspace.plan("letter", LETTER)
    frozen_sample = workspace.engine.run_definitions.files(run).definition / sample.relative_to(workspace.root)
    frozen_sample.write_text("member: {}\n", "utf-8")
    workspace.engine.run_control.start(run)
    workspace.send(run)
    assert workspace.balance(run).get("accepted")
    assert caplog.text.count("got no") == 4


def test_seed_outside_our_own_addresses_is_refused(workspace: SampleWorkspace) -> None:
    workspace.add_setting(INTERNAL + "seeds: [{address: m01@example.org}]\n")
    with pytest.raises(UserError, match="one of our own"):
        _ = workspace.engine.context.repository.settings
