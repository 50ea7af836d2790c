"""A-20: seeds get what a run says, as it begins, once, and no figure of it knows of them."""

from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from campaigns.core.errors import UserError
from tests.runs.proofs.test_proof import LETTER as SLOW
from tests.support.sample_workspace import Village

LETTER = SLOW.replace(", rate: 1 per hour", "")
INTERNAL = 'internal_addresses: ["@kyla.example.org", "+358401112223"]\n'
SEEDS = f"""\
{INTERNAL}seeds:
  - {{address: aino@kyla.example.org, language: sv}}
  - {{address: bo@kyla.example.org}}
  - {{address: "+358401112223", language: en}}
"""


def settle(village: Village) -> dict[str, Any]:
    """What a whole run comes to, in every figure that is kept or shown."""
    run, tally = village.plan("letter", LETTER)
    village.engine.start(run)
    village.send(run)
    counts = village.engine.run(run.run_id).counts
    return {"tally": tally, "counts": counts, "ends": village.ends(run), "balance": village.balance(run)}


def mails(village: Village) -> list[Any]:
    files = (village.root / "outbox").rglob("*.eml")
    return [message_from_bytes(path.read_bytes(), policy=SMTP) for path in files]


def test_every_seed_gets_every_variant_of_its_channel_once_and_unmarked(village: Village) -> None:
    village.set(SEEDS)
    run, _ = village.plan("letter", LETTER)
    for _ in range(2):
        village.engine.start(village.engine.run(run.run_id))
    written = sorted((mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails(village))
    assert written == [*[("aino@kyla.example.org", "Hej")] * 2, *[("bo@kyla.example.org", "Hei")] * 2]
    [texts] = (village.root / "outbox").rglob("*.jsonl")
    assert texts.read_text("utf-8").count("+358401112223") == 1


def test_no_figure_knows_of_them(village: Village, tmp_path: Path) -> None:
    other = Village(Path(copytree(village.root, tmp_path / "other")), village.hands)
    other.set(SEEDS)
    try:
        assert settle(other) == settle(village)
        assert len(mails(other)) == len(mails(village)) + 4
    finally:
        other.close()


def test_a_seed_that_cannot_be_written_to_holds_up_nobody(village: Village, caplog: pytest.LogCaptureFixture) -> None:
    village.set(SEEDS)
    village.write("letter", LETTER)
    sample = village.root / "templates/email/hello/sample.yaml"
    run, _ = village.plan("letter", LETTER)
    kept = village.engine.run_files(run).definition / sample.relative_to(village.root)
    kept.write_text("member: {}\n", "utf-8")
    village.engine.start(run)
    village.send(run)
    assert village.balance(run).get("accepted")
    assert caplog.text.count("got no") == 4


def test_a_seed_is_one_of_our_own(village: Village) -> None:
    village.set(INTERNAL + "seeds: [{address: m01@example.org}]\n")
    with pytest.raises(UserError, match="one of our own"):
        _ = village.engine.library.settings
