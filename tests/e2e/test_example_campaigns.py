"""The example campaigns plan and run, unchanged, on the demonstration's data."""

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
    for words in (["check", str(file)], ["run", str(file), "--json"]):
        with pytest.raises(SystemExit, match="0"):
            run(["--workspace", str(workspace), *words])
    printed = capsys.readouterr().out
    done = json.loads(printed[printed.index("{") :])
    sends = sum(done["sends"].values())
    assert done["campaign"] == file.stem
    assert done["matched"] == sends + sum(done["skips"].values()) > 0
    assert sum(done["variants"].values()) == sends == sum(done["deliveries"].values())
    assert (done["closed"], done["deliveries"]["accepted"]) == (True, sends)
    counted = messages_by_member(workspace / "outbox" / done["run"])
    assert [address for address, times in counted.items() if times > 1] == []
    assert counted.total() == sends - done["sends"].get("phone", 0)
