"""`docs/first-hour.md`, word for word: its files are saved, its commands are given, and a proof arrives."""

import os
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

import pytest

from campaigns.cli.main import run
from campaigns.core.yaml.source import parse_yaml, read_yaml
from tests.support.first_hour_page import CommandStep, FileStep, ProposalStep, steps

STEPS: Final = tuple(steps())
COMMANDS: Final = [step.words[1] for step in STEPS if isinstance(step, CommandStep) and step.words[0] == "viesti"]


@pytest.mark.long
def test_the_first_hour_leads_from_init_to_a_sent_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    outputs, proposal = {}, Path()
    for step in STEPS:
        match step:
            case FileStep():
                step.write(Path())
            case ProposalStep():
                assert parse_yaml(step.text.encode(), "page").value == read_yaml(proposal).value
            case CommandStep() if step.words[0] == "cd":
                os.chdir(step.words[1])
            case CommandStep():
                with pytest.raises(SystemExit) as exit_:
                    run(step.words[1:])
                outputs[step.text] = output = capsys.readouterr()
                assert not exit_.value.code, (step.text, output)
                proposal = next(
                    (Path(line[6:]) for line in output.out.splitlines() if line.startswith("wrote ")), proposal
                )
    plan = outputs["viesti plan weekly_offers"]
    assert "[" not in plan.err, "no warning"
    assert "0 rejected" in "".join(output.out for output in outputs.values())
    proof = message_from_bytes(next(Path("outbox").rglob("*.eml")).read_bytes(), policy=policy.default)
    assert "maija@meri.example.org" in proof["To"]
    assert "Osuuskauppa Meri" in proof["From"]
    html = proof.get_body(("html",)).get_content()
    assert "#0B5C8A" in html, "the brand's own colour"
    assert "Paistettu tänään omassa leipomossa." in html, "the page's own offer"
    assert "TODO" not in html


def test_the_page_leads_from_init_to_a_proof() -> None:
    assert (COMMANDS[0], COMMANDS[-1]) == ("init", "proof")
    assert {"check", "import", "catalogue", "plan", "preview"} <= set(COMMANDS)
    assert sum(isinstance(step, ProposalStep) for step in STEPS) == 1
    assert [step.name for step in STEPS if isinstance(step, FileStep) and step.adds] == ["config/catalogue.yaml"]
