"""A-20: seeds get what a run says, as it begins, once, and no figure of it knows of them."""

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


def settle(workspace: SampleWorkspace) -> dict[str, Any]:
    """What a whole run comes to, in every figure that is kept or shown."""
    run, tally = workspace.plan("letter", LETTER)
    workspace.engine.run_control.start(run)
    workspace.send(run)
    counts = workspace.engine.queries.run(run.run_id).counts
    return {"tally": tally, "counts": counts, "ends": workspace.end_states(run), "balance": workspace.balance(run)}


def mails(workspace: SampleWorkspace) -> list[Any]:
    files = (workspace.root / "outbox").rglob("*.eml")
    return [message_from_bytes(path.read_bytes(), policy=SMTP) for path in files]


def test_every_seed_gets_every_variant_of_its_channel_once_and_unmarked(workspace: SampleWorkspace) -> None:
    workspace.add_setting(SEEDS)
    run, _ = workspace.plan("letter", LETTER)
    for _ in range(2):
        workspace.engine.run_control.start(workspace.engine.queries.run(run.run_id))
    written = sorted((mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails(workspace))
    assert written == [*[("aino@kyla.example.org", "Hej")] * 2, *[("bo@kyla.example.org", "Hei")] * 2]
    [texts] = (workspace.root / "outbox").rglob("*.jsonl")
    assert texts.read_text("utf-8").count("+358401112223") == 1


def test_no_figure_knows_of_them(workspace: SampleWorkspace, tmp_path: Path) -> None:
    other = SampleWorkspace(Path(copytree(workspace.root, tmp_path / "other")), workspace.clock)
    other.add_setting(SEEDS)
    try:
        assert settle(other) == settle(workspace)
        assert len(mails(other)) == len(mails(workspace)) + 4
    finally:
        other.close()


def test_a_seed_that_cannot_be_written_to_holds_up_nobody(
    workspace: SampleWorkspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.add_setting(SEEDS)
    workspace.write_campaign("letter", LETTER)
    sample = workspace.root / "templates/email/hello/sample.yaml"
    run, _ = workspace.plan("letter", LETTER)
    kept = workspace.engine.run_definitions.files(run).definition / sample.relative_to(workspace.root)
    kept.write_text("member: {}\n", "utf-8")
    workspace.engine.run_control.start(run)
    workspace.send(run)
    assert workspace.balance(run).get("accepted")
    assert caplog.text.count("got no") == 4


def test_a_seed_is_one_of_our_own(workspace: SampleWorkspace) -> None:
    workspace.add_setting(INTERNAL + "seeds: [{address: m01@example.org}]\n")
    with pytest.raises(UserError, match="one of our own"):
        _ = workspace.engine.context.repository.settings
