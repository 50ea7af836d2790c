"""Example campaigns, planned and run unchanged on the demonstration's data."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.cli.main import run
from tests.support.outbox_reader import messages_by_member

EXAMPLES = Path(__file__).parents[1] / "examples" / "campaigns"


@pytest.fixture(scope="module")
def workspace(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("examples") / "workspace"
    shutil.copytree(demonstration, root)
    yield root
    shutil.rmtree(root)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_an_example_is_checked_planned_and_run(file: Path, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["check", str(file)], ["run", str(file), "--json"]):
        with pytest.raises(SystemExit, match="0"):
            run(["--workspace", str(workspace), *arguments])
    output = capsys.readouterr().out
    result = json.loads(output[output.index("{") :])
    sends = sum(result["sends"].values())
    assert result["campaign"] == file.stem
    assert result["matched"] == sends + sum(result["skips"].values()) > 0
    assert sum(result["variants"].values()) == sends == sum(result["deliveries"].values())
    assert (result["closed"], result["deliveries"]["accepted"]) == (True, sends)
    messages = messages_by_member(workspace / "outbox" / result["run"])
    assert [address for address, count in messages.items() if count > 1] == []
    assert messages.total() == sends - result["sends"].get("phone", 0)
