"""`viesti catalogue review`: categories that came to the register since somebody last looked."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.support.finnish_register import COFFEE_BUYERS, write_products
from tests.support.shell import MONDAYS, Shell

pytestmark = pytest.mark.long

AS_OF = "2018-01-01T10:00"
DRINKS = [
    {"product_id": "D1", "product_category": "SIIDERIT"},
    {"product_id": "D2", "product_category": "SIIDERIT", "product_type": "OMENASIIDERI"},
    {"product_id": "D3", "product_category": "LEIVONNAISET"},
]


def reviewed_file(shell: Shell) -> Path:
    return shell.root / "config" / "reviewed_categories.csv"


def reviews_in_audit_log(shell: Shell) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shell.root / "data" / "ledger.sqlite")) as ledger:
        rows = ledger.execute("SELECT actor, subject, detail FROM audit WHERE action = 'review_categories'").fetchall()
    return [(actor, subject, json.loads(detail)) for actor, subject, detail in rows]


def make_an_error(shell: Shell) -> None:
    catalogue = shell.root / "config" / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text("utf-8") + "unreviewed_categories: error\n", "utf-8")


@pytest.fixture
def drinks(viesti: Shell) -> Shell:
    """Shell in a workspace whose register got three new categories."""
    viesti("import", "products", write_products(viesti.root / "drinks.csv", DRINKS))
    purchases = viesti.root / "purchases.csv"
    purchases.write_text(
        "member_id,purchased_at,basket_id,product_id,quantity,amount,store_id\n"
        "m01,2017-12-20T12:00,b1,D1,1,2.00,s1\nm02,2017-12-20T12:00,b2,D2,1,2.00,s1\nm02,2017-12-20T12:00,b2,D3,1,2.00,s1\n",
        "utf-8",
    )
    viesti("import", "purchases", purchases)
    viesti.write("buyers", COFFEE_BUYERS)
    return viesti


def test_new_categories_are_listed_with_products_lines_and_the_class_they_resemble(drinks: Shell) -> None:
    rows = drinks("catalogue", "review", "--json").json
    assert [(row["column"], row["value"], row["products"], row["lines"], row["suggested"]) for row in rows] == [
        ("product_category", "SIIDERIT", 2, 2, ["mild_alcohol"]),
        ("product_type", "OMENASIIDERI", 1, 1, ["mild_alcohol"]),
        ("product_category", "LEIVONNAISET", 1, 1, []),
    ]
    text = drinks("catalogue", "review").out
    assert "Nobody has looked at" in text
    assert "mild_alcohol" in text
    assert "viesti catalogue review --done" in text


def test_a_register_that_somebody_looked_at_says_so(viesti: Shell) -> None:
    assert viesti("catalogue", "review").out == "somebody has looked at every category of the product register\n"


def test_lines_are_unknown_without_purchases(viesti: Shell) -> None:
    manifest = viesti.root / "data" / "warehouse" / "manifest.json"
    state = json.loads(manifest.read_text("utf-8"))
    del state["tables"]["purchases"]
    manifest.write_text(json.dumps(state), "utf-8")
    viesti("import", "products", write_products(viesti.root / "drinks.csv", DRINKS))
    assert {row["lines"] for row in viesti("catalogue", "review", "--json").json} == {None}


def test_check_plan_publish_and_doctor_warn_with_the_number(drinks: Shell) -> None:
    warning = "warning: nobody has looked at 3 categories of the product register: `SIIDERIT`, `OMENASIIDERI`"
    for arguments in (("check",), ("check", "buyers"), ("plan", "buyers", "--as-of", AS_OF), ("publish", "buyers")):
        assert warning in drinks(*arguments).err
    findings = [each for each in drinks("doctor", "--json").json if each["check"] == "goods"]
    assert [each["level"] for each in findings] == ["warn"]


def test_done_records_who_looked_on_which_day_and_ends_the_warning(drinks: Shell) -> None:
    assert "commit it" in drinks("catalogue", "review", "--done", "--name", " Maija  Meikäläinen ").out
    rows = list(csv.reader(reviewed_file(drinks).read_text("utf-8").splitlines()))
    assert ["product_category", "SIIDERIT", "2018-01-01", "Maija Meikäläinen"] in rows
    assert ["product_category", "COFFEE", "2017-01-01", "Tests"] in rows  # the earlier review stays
    assert rows[1:] == sorted(rows[1:])
    [(_, subject, detail)] = reviews_in_audit_log(drinks)
    assert (subject, detail) == ("catalogue", {"categories": 3, "name": "Maija Meikäläinen"})
    assert drinks("catalogue", "review", "--json").json == []
    assert "nobody has looked" not in drinks("check").err


def test_done_twice_records_once(drinks: Shell) -> None:
    drinks("catalogue", "review", "--done")
    content = reviewed_file(drinks).read_bytes()
    drinks("catalogue", "review", "--done", "--name", "Somebody Else")
    assert reviewed_file(drinks).read_bytes() == content
    assert len(reviews_in_audit_log(drinks)) == 1


def test_review_alone_records_nothing(drinks: Shell) -> None:
    before = reviewed_file(drinks).read_bytes()
    drinks("catalogue", "review")
    assert reviewed_file(drinks).read_bytes() == before
    assert reviews_in_audit_log(drinks) == []


@pytest.mark.hostile
@pytest.mark.parametrize(
    "arguments", [("check",), ("check", "buyers"), ("plan", "buyers", "--as-of", AS_OF), ("publish", "buyers")]
)
def test_setting_refuses_to_go_on_before_somebody_has_looked(drinks: Shell, arguments: tuple[str, ...]) -> None:
    make_an_error(drinks)
    assert "nobody has looked at 3 categories" in drinks(*arguments, code=1).err
    drinks("catalogue", "review", "--done")
    assert "nobody has looked" not in drinks(*arguments).err


@pytest.mark.hostile
def test_setting_makes_doctor_fail(drinks: Shell) -> None:
    make_an_error(drinks)
    findings = [each for each in drinks("doctor", "--json", code=1).json if each["check"] == "goods"]
    assert [each["level"] for each in findings] == ["fail"]


def test_setting_does_not_touch_campaigns_without_products(drinks: Shell) -> None:
    make_an_error(drinks)
    drinks.write("letter", MONDAYS)
    assert drinks("plan", "letter", "--as-of", AS_OF, "--json").json["sends"]


@pytest.mark.hostile
@pytest.mark.parametrize("word", ["later", "off", "yes", "[]"])
def test_setting_has_two_words_and_no_other(drinks: Shell, word: str) -> None:
    catalogue = drinks.root / "config" / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text("utf-8") + f"unreviewed_categories: {word}\n", "utf-8")
    assert "config/catalogue.yaml:" in drinks("check", code=1).err


@pytest.mark.hostile
def test_renamed_category_is_new_again(drinks: Shell) -> None:
    drinks("catalogue", "review", "--done")
    renamed = [{"product_id": "D1", "product_category": "CIDER"}, {"product_id": "D2", "product_category": "CIDER"}]
    drinks("import", "products", write_products(drinks.root / "renamed.csv", renamed))
    rows = drinks("catalogue", "review", "--json").json
    assert [(row["value"], row["products"]) for row in rows] == [("CIDER", 2)]


@pytest.mark.hostile
def test_another_spelling_of_a_reviewed_category_is_not_new(drinks: Shell) -> None:
    drinks("catalogue", "review", "--done")
    drinks(
        "import",
        "products",
        write_products(drinks.root / "b.csv", [{"product_id": "D4", "product_category": "Siiderit"}]),
    )
    assert drinks("catalogue", "review", "--json").json == []


@pytest.mark.hostile
@pytest.mark.parametrize("name", ["", "   ", "\n", "x" * 101, "Maija\x00", "Maija\x1b[2J"])
def test_review_without_the_name_of_a_person_is_refused(drinks: Shell, name: str) -> None:
    before = reviewed_file(drinks).read_bytes()
    assert "needs the name of a person" in drinks("catalogue", "review", "--done", "--name", name, code=1).err
    assert reviewed_file(drinks).read_bytes() == before
    assert reviews_in_audit_log(drinks) == []


@pytest.mark.hostile
def test_name_without_done_is_a_mistake(drinks: Shell) -> None:
    before = reviewed_file(drinks).read_bytes()
    assert "--done" in drinks("catalogue", "review", "--name", "Maija", code=2).err
    assert reviewed_file(drinks).read_bytes() == before


DAMAGED = {
    "no header": "product_category,SIIDERIT,2018-01-01,Maija\n",
    "no name": "column,value,date,name\nproduct_category,SIIDERIT,2018-01-01,\n",
    "no day": "column,value,date,name\nproduct_category,SIIDERIT,,Maija\n",
    "an impossible day": "column,value,date,name\nproduct_category,SIIDERIT,2018-13-01,Maija\n",
    "a cell too few": "column,value,date,name\nproduct_category,SIIDERIT,2018-01-01\n",
    "a merge conflict": "column,value,date,name\n<<<<<<< HEAD\n",
    "empty": "",
}


@pytest.mark.hostile
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_file_of_reviews_is_refused_with_its_line(drinks: Shell, content: str) -> None:
    reviewed_file(drinks).write_text(content, "utf-8")
    for arguments in (("check", "buyers"), ("plan", "buyers", "--as-of", AS_OF), ("catalogue", "review", "--done")):
        assert "config/reviewed_categories.csv:" in drinks(*arguments, code=1).err
    assert reviewed_file(drinks).read_text("utf-8") == content


@pytest.mark.hostile
def test_category_with_commas_quotes_and_lines_survives_the_file(viesti: Shell) -> None:
    odd = [{"product_id": "D1", "product_category": 'LIQUOR, "STRONG";\n=1+1'}]
    viesti("import", "products", write_products(viesti.root / "odd.csv", odd))
    viesti("catalogue", "review", "--done")
    assert viesti("catalogue", "review", "--json").json == []


@pytest.mark.hostile
def test_a25_done_needs_the_permission_to_write(drinks: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery staple\n"))
    drinks("agent", "add", "liisa", "--role", "author", "--yes")
    before = reviewed_file(drinks).read_bytes()
    assert len(drinks("catalogue", "review", "--json").json) == 3
    assert "[not_permitted]" in drinks("catalogue", "review", "--done", code=1).err
    assert reviewed_file(drinks).read_bytes() == before
    monkeypatch.setattr("campaigns.cli.open_workspace.account", lambda: "liisa")
    drinks("catalogue", "review", "--done")
    assert "product_category,SIIDERIT,2018-01-01,liisa" in reviewed_file(drinks).read_text("utf-8")


def test_new_workspace_has_looked_at_nothing(viesti: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = tmp_path / "example"
    for part in ("config", "templates", "images"):
        copytree(Path(__file__).parents[2] / part, example / part)
    (example / "config" / "reviewed_categories.csv").touch()  # as `viesti demo` writes it into a checkout
    monkeypatch.setattr("campaigns.workspace.scaffold._demo", lambda: example)
    viesti("init", "--demo", tmp_path / "new")
    assert not (tmp_path / "new" / "config" / "reviewed_categories.csv").exists()
    assert (tmp_path / "new" / "config" / "settings.yaml").exists()
