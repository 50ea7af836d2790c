"""Product register in Finnish words, imported over that of the sample workspace, whose catalogue names English ones."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copytree
from typing import Final

import pytest

from campaigns.workspace.category_review import record_review
from campaigns.workspace.import_data import import_data
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import Shell

CATEGORIES: Final[Mapping[str, str]] = {
    "COFFEE": "KAHVI",
    "CHEESE": "JUUSTO",
    "BEER": "OLUT",
    "PHARMACY": "LÄÄKKEET",
    "SOAP": "SAVUKKEET",
    "BREAD": "LEIPÄ",
}
"""Category of each product of the sample workspace, in Finnish."""

FINNISH: Final[Mapping[str, str]] = {
    "medicines": "{product_category: [LÄÄKKEET]}",
    "mild_alcohol": "{product_category: [OLUT]}",
    "tobacco": "{product_category: [SAVUKKEET]}",
}
"""Sensitive goods of that register, as its catalogue names them."""

AS_OF: Final = "2018-01-01T10:00"
COLUMNS: Final = ("product_id", "department", "brand", "product_category", "product_type")

COFFEE_BUYERS: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {bought: {where: {product_type: x}, within: 90 days}}
content: {email: hello}
"""
OFFERS_FOR_OWNERS: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {register: owners}
content: {email: offers}
offers: {at_most: 4}
"""


def write_products(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write an import file of products; missing columns have the sample workspace's values."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({"department": "FOOD", "brand": "National", "product_type": "x", **row} for row in rows)
    return path


def write_finnish_register(path: Path, **other_words: str) -> Path:
    """Write the register in Finnish words, with other ones for some products."""
    words = {**CATEGORIES, **other_words}
    return write_products(path, [{"product_id": each, "product_category": word} for each, word in words.items()])


def offer(name: str, **values: str) -> str:
    """Return an offer of an offers file."""
    columns = {"department": "FOOD", "product_category": "KAHVI", **values}
    listed = ", ".join(f"{column}: {value}" for column, value in columns.items())
    texts = f"title: {{fi: {name}, sv: {name}, en: {name}}}, text: {{fi: x, sv: x, en: x}}, price: 2.50"
    return f"  - {{id: {name}, {texts}, valid_from: 2017-12-20, valid_to: 2018-01-31, {listed}, image: o/any.png}}\n"


def catalogue_with(catalogue: str, **classes: str) -> str:
    """Return a catalogue's text with other goods for some classes; an empty text removes the class."""
    lines = []
    for line in catalogue.splitlines():
        name = line.strip().partition(":")[0]
        if name in classes and line.startswith("      "):
            if classes[name]:
                lines.append(f"      {name}: {classes[name]}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def change_catalogue(shell: Shell, **classes: str) -> None:
    """Write other goods for some classes into the catalogue."""
    path = shell.root / "config" / "catalogue.yaml"
    path.write_text(catalogue_with(path.read_text("utf-8"), **classes), "utf-8")


def import_register(shell: Shell, **other_words: str) -> str:
    """Import the Finnish register; return the warnings."""
    return shell("import", "products", write_finnish_register(shell.root / "products.csv", **other_words)).err


def write_offers(shell: Shell, *offers: str) -> None:
    """Write the offers file."""
    (shell.root / "config" / "offers.yaml").write_text("offers:\n" + "".join(offers), "utf-8")


@pytest.fixture(scope="session")
def finnish_roots(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Workspaces with a register in Finnish words; only the catalogue of the second names them, and was looked at."""
    roots = []
    for name in ("finnish", "protected"):
        root = copytree(base_workspace, tmp_path_factory.mktemp(name) / "workspace")
        settings = root / "config" / "settings.yaml"
        settings.write_text(settings.read_text("utf-8") + 'clock: {start: "2018-01-01 10:00"}\n', "utf-8")
        shell = Shell(root, None)  # type: ignore[arg-type]  # no command is run yet
        shell.write("buyers", COFFEE_BUYERS)
        shell.write("offers", OFFERS_FOR_OWNERS)
        shell.audience("coffee", "{bought: {within: 90 days}}")
        workspace = SampleWorkspace(root)
        import_data(
            workspace.engine.context, "products", write_finnish_register(root / "products.csv"), lambda *_: None
        )
        write_offers(shell, offer("coffee-a"), offer("lager", product_category="OLUT"))
        if name == "protected":
            change_catalogue(shell, **FINNISH)
            write_offers(shell, offer("coffee-a"))
            workspace.reload()
            record_review(workspace.engine.context, "Maija Meikäläinen")
        workspace.close()
        roots.append(root)
    return roots[0], roots[1]


@pytest.fixture
def finnish(finnish_roots: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Shell in a workspace with a register in Finnish words and a catalogue in English ones."""
    return Shell(copytree(finnish_roots[0], tmp_path / "workspace"), capsys)


@pytest.fixture
def protected(finnish_roots: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Shell in that workspace, with sensitive goods in Finnish words and every category looked at."""
    return Shell(copytree(finnish_roots[1], tmp_path / "workspace"), capsys)
