"""`docs/first-hour.md`, word for word: its files are saved, its commands are given, and a proof arrives."""

import os
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

import pytest

from campaigns.cli.main import run
from tests.support.first_hour_page import CommandStep, FileStep, steps

STEPS: Final = tuple(steps())


@pytest.mark.long
def test_the_first_hour_leads_from_init_to_a_sent_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    outputs = {}
    for step in STEPS:
        if isinstance(step, FileStep):
            step.write(Path())
        elif step.words[0] == "cd":
            os.chdir(step.words[1])
        else:
            with pytest.raises(SystemExit) as exit_:
                run(step.words[1:])
            outputs[step.text] = capsys.readouterr()
            assert not exit_.value.code, (step.text, outputs[step.text])
            assert "Traceback" not in outputs[step.text].err
    plan = next(output for text, output in outputs.items() if " plan " in text)
    assert "warning" not in plan.err
    (proof,) = (tmp_path / "meri" / "outbox").rglob("*.eml")
    message = message_from_bytes(proof.read_bytes(), policy=policy.default)
    assert message["To"] == "maija@meri.example.org"
    assert "Osuuskauppa Meri" in message["From"]


def test_the_page_shows_files_and_commands() -> None:
    assert [step.words[1] for step in STEPS if isinstance(step, CommandStep) and step.words[0] == "viesti"][:2] == [
        "init",
        "check",
    ]
    assert {"proof", "plan", "import"} <= {step.words[1] for step in STEPS if isinstance(step, CommandStep)}
    assert "config/offers.yaml" in {step.name for step in STEPS if isinstance(step, FileStep)}
    assert any(step.adds for step in STEPS if isinstance(step, FileStep))
