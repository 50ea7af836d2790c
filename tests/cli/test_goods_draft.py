"""First hour of a product register: one problem, and a draft of the classes that a person corrects (FI-12, FI-20)."""

from pathlib import Path
from typing import Final

import pytest

from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository
from tests.support.shell import Shell

PRODUCTS: Final = """\
product_id,department,brand,product_category,product_type
1,Leipomo,Oma,Leivät,Ruisleivät
2,Terveys,Oma,Itsehoitolääkkeet,Särkylääke 20 kpl
3,Juomat,Oma,Oluet,"Lager: tumma, 0,5 l"
"""


@pytest.fixture
def stocked(nowhere: Shell, tmp_path: Path) -> Shell:
    """Shell in a new workspace with products, and no class of sensitive goods."""
    nowhere("init", tmp_path / "new")
    new = Shell(tmp_path / "new", nowhere.capsys)
    (tmp_path / "products.csv").write_text(PRODUCTS, "utf-8")
    assert new("import", "products", tmp_path / "products.csv").err.count("[unprotected_goods]") == 1
    return new


@pytest.mark.hostile
def test_fi22_products_without_any_class_are_one_error_for_what_uses_them_and_none_for_the_rest(stocked: Shell) -> None:
    error = stocked("check", "weekly_offers", code=1).err
    assert error.count("[unprotected_goods]") == 1
    assert "does not say which of the register's 3 products are sensitive" in error
    assert "`viesti catalogue review` lists the register's words, and drafts the lines to add" in error
    assert "[unprotected_goods]" in stocked("plan", "weekly_offers", code=1).err
    assert "goods" not in stocked("check", "welcome").err


def test_a_draft_is_refused_until_a_person_put_their_name_to_it_and_protects_then(stocked: Shell) -> None:
    output = stocked("catalogue", "review").out
    draft = [line for line in output.splitlines() if line.startswith("    ")]
    assert "      medicines: {product_category: [Itsehoitolääkkeet], product_type: [Särkylääke 20 kpl]}" in draft
    assert '      mild_alcohol: {product_category: [Oluet], product_type: ["Lager: tumma, 0,5 l"]}' in draft
    assert len(draft) == 12
    catalogue = stocked.root / "config" / "catalogue.yaml"
    plain = catalogue.read_text("utf-8")
    catalogue.write_text(plain + "\n".join(draft) + "\n", "utf-8")
    assert stocked("check", "weekly_offers", code=1).err.count("`name` has no value") == 7
    catalogue.write_text(plain + "\n".join(draft).replace("name: }", "name: Maija}") + "\n", "utf-8")
    stocked("catalogue", "review", "--done", "--name", "Maija")
    assert "goods" not in stocked("check", "weekly_offers").err
    assert "# a draft" not in stocked("catalogue", "review").out


def test_a_catalogue_that_names_a_class_gets_no_draft(stocked: Shell) -> None:
    catalogue = stocked.root / "config" / "catalogue.yaml"
    line = "    restricted_when: {tobacco: {none: {date: 2025-01-15, name: Maija}}}\n"
    catalogue.write_text(catalogue.read_text("utf-8") + line, "utf-8")
    assert "# a draft" not in stocked("catalogue", "review").out
    problems = WorkspaceRepository(Workspace(stocked.root)).goods_protection.problems
    assert [problem.code for problem in problems].count("unprotected_goods") == 9
