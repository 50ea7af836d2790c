"""The architecture page and its picture, compared with the tree of packages."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TREE: Final = PAGE.split("```")[1].partition("tests/")[0]
PACKAGES: Final = {
    path.parent.relative_to(ROOT).as_posix()
    for source in ("campaigns", "audiences")
    for path in (ROOT / source).rglob("__init__.py")
    if path.parent.name != "versions"
}
COPIED: Final = {
    path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "campaigns").rglob("config") if path.is_dir()
}
"""Folders that hold a whole workspace to copy, and no package."""


def rooms_of_page() -> dict[str, set[str]]:
    """Return the packages that the page names, by room."""
    rooms: dict[str, set[str]] = {}
    room = ""
    for line in TREE.replace("campaigns/\n", "").splitlines():
        heading = re.match(r" {0,2}(\w+)/", line)
        room = heading[1] if heading else room
        names = re.findall(r"\s(\w+)/", line[heading.end() :] if heading else line)
        if room:
            rooms.setdefault(room, set()).update(names)
    return rooms


def rooms_of_tree() -> dict[str, set[str]]:
    """Return the packages inside each room, at any depth, and the folders to copy."""
    rooms: dict[str, set[str]] = {"audiences": set()}
    for package in sorted((PACKAGES | COPIED) - {"campaigns", "audiences"}):
        room, *inner = package.removeprefix("campaigns/").split("/")
        rooms.setdefault(room, set()).update(inner)
    return rooms


def test_page_orders_the_rooms_as_the_import_contract_does():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [{name.removeprefix("campaigns.") for name in layer.split(" | ")} for layer in contracts[0]["layers"]]
    chain = re.search(r"`(cli →[^`]*)`", PAGE)
    assert chain
    assert [set(re.findall(r"\w+", level)) for level in chain[1].split("→")] == layers


@pytest.fixture
def drawing() -> ModuleType:
    path = ROOT / "tools" / "draw_architecture.py"
    spec = importlib.util.spec_from_file_location("draw_architecture", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_names_every_room_and_package():
    assert rooms_of_page() == rooms_of_tree()


def test_picture_is_the_output_of_its_script(drawing):
    assert (ROOT / "docs" / "pictures" / "architecture.svg").read_text("utf-8") == drawing.picture()


def test_picture_shows_every_room_and_package(drawing):
    shown = {room.name: set(room.packages.split()) for room in drawing.ROOMS}
    shown["runs"] = set(drawing.PARTS_OF_RUNS)
    inside_others = {"doubles"}
    assert shown == {room: names - inside_others for room, names in rooms_of_tree().items()}


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`((?:operations|runs|results|audiences|store|channels)[.\w]*)`", PAGE)))
)
def test_module_named_on_the_page_exists(name):
    path = ROOT / ("" if name.startswith("audiences") else "campaigns") / name.replace(".", "/")
    assert path.is_dir() or path.with_suffix(".py").is_file()
