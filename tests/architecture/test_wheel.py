"""The wheel holds what an installation needs: modules, data files, types, and the files of a new workspace."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest

from campaigns.workspace import scaffold

ROOT: Final = Path(__file__).parents[2]
STARTER_FILES: Final = "campaigns/workspace/starter_files"


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


def test_the_wheel_holds_the_files_of_a_new_workspace(wheel: zipfile.Path) -> None:
    packed = {name for name in wheel.root.namelist() if name.startswith(STARTER_FILES) and not name.endswith("/")}
    assert packed == {f"{STARTER_FILES}/{file}" for file in files_below("config", "templates", "images")}


def test_the_parts_of_a_new_workspace_are_those_of_the_wheel() -> None:
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["force-include"] == {part: f"{STARTER_FILES}/{part}" for part in scaffold._PARTS}


def test_an_installed_wheel_creates_a_workspace(wheel: zipfile.Path, tmp_path: Path) -> None:
    installed, workspace = tmp_path / "installed", tmp_path / "workspace"
    wheel.root.extractall(installed)
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [sys.executable, "-c", "from campaigns.cli.main import run; run()", "init", str(workspace)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        capture_output=True,
    )
    created = {path.relative_to(workspace).as_posix() for path in workspace.rglob("*") if path.is_file()}
    assert created == files_below("config", "templates", "images") | {".gitignore"}
