"""Labels of values: names of categories for members, from the catalogue, from files, and from price feeds (C-09)."""

from pathlib import Path

import pytest

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Language
from campaigns.offers.price_feed import import_offers
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.value_labels import label_file_problems
from campaigns.workspace.workspace_check import check_workspace, shared_file_faults
from tests.support.sample_workspace import SampleWorkspace

CONFIG = Path(__file__).parents[2] / "config"
FEED_HEAD = (
    "id;title_fi;title_sv;title_en;text_fi;text_sv;text_en;price;valid_from;valid_to;department;product_category;image;"
    "product_category_fi;product_category_sv;product_category_en"
)
FEED_ROW = "a;A;A;A;A;A;A;1.00;2018-01-01;2018-01-31;FOOD;{category};a.png;{labels}"


def write_labels(workspace: SampleWorkspace, text: str, name: str = "goods.yaml") -> None:
    folder = workspace.root / "config" / "labels"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    workspace.reload()


def label(workspace: SampleWorkspace, value: str = "COFFEE", column: str = "product_category") -> str | None:
    text = workspace.engine.context.repository.catalogue.tables["products"].columns[column].label(value)
    return None if text is None else text.fi


def test_a_label_file_names_a_value_in_any_letter_case(workspace: SampleWorkspace) -> None:
    write_labels(workspace, "labels: {products: {product_category: {COFFEE: {fi: kahvi, sv: kaffe, en: coffee}}}}\n")
    assert (label(workspace), label(workspace, "Coffee"), label(workspace, "TEA")) == ("kahvi", "kahvi", None)


def test_a_label_in_the_catalogue_comes_before_one_of_a_file(workspace: SampleWorkspace) -> None:
    path = workspace.root / "config" / "catalogue.yaml"
    text = path.read_text("utf-8")
    column = "product_category: {type: text, "
    assert column in text
    path.write_text(text.replace(column, f"{column}labels: {{COFFEE: {{fi: oma, sv: egen, en: own}}}}, "), "utf-8")
    write_labels(workspace, "labels: {products: {product_category: {COFFEE: {fi: kahvi, sv: kaffe, en: coffee}}}}\n")
    assert label(workspace) == "oma"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("labels: {goods: {brand: {A: {fi: a, sv: a, en: a}}}}", "unknown_table"),
        ("labels: {products: {brnd: {A: {fi: a, sv: a, en: a}}}}", "unknown_column"),
        ("labels: {members: {register: {owner: {fi: a, sv: a, en: a}}}}", "unknown_value"),
        ("labels: {products: {brand: {A: {fi: a, sv: a}}}}", "missing"),
        ("labels: {products: {brand: {A: a}}}", "not_a_mapping"),
        ("label: {}", "extra_forbidden"),
    ],
    ids=["unknown table", "unknown column", "unknown value", "missing language", "text alone", "another key"],
)
def test_an_invalid_label_file_is_an_error_at_its_place(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "goods.yaml").write_text(text, "utf-8")
    problems = list(label_file_problems(load_catalogue(CONFIG / "catalogue.yaml"), tmp_path))
    assert {Path(problem.place.file).name for problem in problems} == {"goods.yaml"}
    assert code in {problem.code for problem in problems}


def test_an_invalid_label_file_stops_no_other(workspace: SampleWorkspace) -> None:
    write_labels(workspace, "labels: {products: {product_category: {COFFEE: {fi: kahvi, sv: kaffe, en: coffee}}}}\n")
    write_labels(workspace, "labels: {products: {", "fresh.yaml")
    assert label(workspace) == "kahvi"
    (problem,) = shared_file_faults(workspace.engine.context.repository)
    assert (Path(problem.place.file).name, problem.code) == ("fresh.yaml", "syntax")
    assert problem in check_workspace(workspace.engine.context.repository, workspace.clock.time)


def test_a_price_feed_names_its_categories(workspace: SampleWorkspace) -> None:
    feed = workspace.root / "feed.csv"
    feed.write_text("\n".join([FEED_HEAD, FEED_ROW.format(category="BREAD", labels="kahvi;kaffe;coffee")]), "utf-8")
    report = import_offers(workspace.engine.context, feed)
    workspace.reload()
    assert (report.rejected, label(workspace, "BREAD")) == (0, "kahvi")
    feed.write_text("\n".join([FEED_HEAD, FEED_ROW.format(category="BREAD", labels=";;")]), "utf-8")
    import_offers(workspace.engine.context, feed)
    workspace.reload()
    assert label(workspace, "BREAD") is None


def test_a_label_written_by_hand_comes_before_one_of_a_price_feed(workspace: SampleWorkspace) -> None:
    feed = workspace.root / "feed.csv"
    feed.write_text(
        "\n".join([FEED_HEAD, FEED_ROW.format(category="COFFEE", labels="syötteen kahvi;kaffe;coffee")]), "utf-8"
    )
    import_offers(workspace.engine.context, feed)
    write_labels(workspace, "labels: {products: {product_category: {COFFEE: {fi: kahvi, sv: kaffe, en: coffee}}}}\n")
    assert label(workspace) == "kahvi"


@pytest.mark.hostile
@pytest.mark.parametrize("text", ['"kahvi";"";"coffee"', '"}";"";""'], ids=["two languages", "a brace"])
def test_an_incomplete_label_of_a_feed_is_rejected_with_its_row(workspace: SampleWorkspace, text: str) -> None:
    feed = workspace.root / "feed.csv"
    valid = FEED_ROW.format(category="BREAD", labels=";;").replace("a;A", "b;A", 1).replace("BREAD", "COFFEE")
    feed.write_text("\n".join([FEED_HEAD, FEED_ROW.format(category="BREAD", labels=text), valid]), "utf-8")
    report = import_offers(workspace.engine.context, feed)
    assert report.rejected == 1
    workspace.reload()
    assert label(workspace, "BREAD") is None


@pytest.mark.hostile
def test_a_label_of_a_feed_is_text_and_never_yaml(workspace: SampleWorkspace) -> None:
    feed = workspace.root / "feed.csv"
    hostile = '"x}}}}, members: {region: {Lappi"'
    feed.write_text("\n".join([FEED_HEAD, FEED_ROW.format(category="BREAD", labels=f"{hostile};b;c")]), "utf-8")
    import_offers(workspace.engine.context, feed)
    workspace.reload()
    assert label(workspace, "BREAD") == "x}}}}, members: {region: {Lappi"
    assert not workspace.engine.context.repository.catalogue.tables["members"].columns["region"].labels


@pytest.fixture(scope="module")
def example() -> Catalogue:
    return load_catalogue(CONFIG / "catalogue.yaml")


@pytest.mark.parametrize("column", ["region", "register", "language"])
def test_every_value_of_the_examples_closed_columns_has_a_label(example: Catalogue, column: str) -> None:
    found = example.tables["members"].columns[column]
    assert [value for value in found.values if found.label(value) is None] == []


def test_regions_have_their_swedish_names(example: Catalogue) -> None:
    region = example.tables["members"].columns["region"].label("Uusimaa")
    assert region is not None
    assert region.text(Language.SV) == "Nyland"
