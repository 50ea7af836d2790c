"""The wheel holds what an installation needs: modules, data files, types, and the files of new workspaces."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest

from campaigns.workspace import scaffold

pytestmark = pytest.mark.long

ROOT: Final = Path(__file__).parents[2]
DEMO_FILES: Final = "campaigns/workspace/demo_files"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """Build the wheel, and return it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (file,) = folder.glob("*.whl")
    return zipfile.Path(file)


def files_below(*folders: str) -> set[str]:
    """Return the files that a checkout holds, without those that Python and the demonstration write."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    files = {path.relative_to(ROOT).as_posix() for path in paths if path.parent.name != "__pycache__"}
    return files - {"config/reviewed_categories.csv"}


def test_the_wheel_holds_every_module_and_data_file(wheel: zipfile.Path) -> None:
    packed = set(wheel.root.namelist())
    assert files_below("campaigns", "audiences") - packed == set()
    assert {"campaigns/py.typed", "audiences/py.typed"} <= packed


def test_the_wheel_holds_the_files_of_a_demonstration(wheel: zipfile.Path) -> None:
    packed = {name for name in wheel.root.namelist() if name.startswith(DEMO_FILES) and not name.endswith("/")}
    assert packed == {f"{DEMO_FILES}/{file}" for file in files_below("config", "templates", "images")}


def test_the_parts_of_a_demonstration_are_those_of_the_wheel() -> None:
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["force-include"] == {part: f"{DEMO_FILES}/{part}" for part in scaffold.DEMO_PARTS}


@pytest.mark.parametrize("arguments", [["--demo"], []], ids=["demonstration", "own data"])
def test_an_installed_wheel_creates_the_workspace_of_a_checkout(
    wheel: zipfile.Path, tmp_path: Path, arguments: list[str]
) -> None:
    installed, workspace, expected = tmp_path / "installed", tmp_path / "workspace", tmp_path / "expected"
    wheel.root.extractall(installed)
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", "from campaigns.cli.main import run; run()", "init", *arguments]
    for folder, environment in ((workspace, {**os.environ, "PYTHONPATH": path}), (expected, dict(os.environ))):
        subprocess.run(
            [*command, str(folder)],
            cwd=tmp_path if folder is workspace else ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
        )
    created, own = (
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        for folder in (workspace, expected)
    )
    assert created == own
    if arguments:
        assert created == files_below("config", "templates", "images") | {".gitignore"}
