"""The repository as a workspace: every file loads without a word, and the catalogue keeps its promises."""

import re
from collections.abc import Mapping

import duckdb
import pytest

from campaigns.core.model.catalogue import Catalogue
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_file import load_audiences
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import load_settings

CAMPAIGNS = (
    "beauty_newsletter",
    "birthday",
    "bonus_paid",
    "magazine",
    "owner_post",
    "partner_hotel",
    "service_survey",
    "weekend_offer",
    "win_back",
)

# Words in the register that tell of a body, a faith or a craving, wherever they stand.
_TELLING = re.compile(
    r"INCONTINEN|LAXATIV|PREGNAN|CONTRACEP|PROPHYLAC|KOSHER|MEDICAT|ANTIBIOTIC|DENTURE|DIABET|GLUTEN|HEARING AID"
    r"|FEM\.? HYGN|HEMORRHOID|INFANT FORMULA|^VITAMIN|^NUT SUPP|SMOKING CESS|ANALGESIC|CONVALESCENT|^RX |^ETHNIC"
)
_INTOXICATING = re.compile(
    r"\bBEERS?\b|BEERALE|WINES?\b(?!/RIC)|VODKA|WHISKE|LIQUEUR|LIQUOR|TEQUILA|\bRUMS?\b|BRANDY|COGNAC|SCHNAPPS|CIGAR|SNUFF|TOBACCO"
)


@pytest.fixture(scope="module")
def vocabulary(workspace: Workspace, catalogue: Catalogue, data: duckdb.DuckDBPyConnection) -> RuleVocabulary:
    closed = [name for name, column in catalogue.tables["products"].columns.items() if column.categories]
    values = {
        column: frozenset(value for (value,) in data.execute(f"select distinct {column} from products").fetchall())
        for column in closed
    }
    names = frozenset(path.stem for path in workspace.audiences.glob("*.yaml"))
    return RuleVocabulary(catalogue, values, names, frozenset(CAMPAIGNS))


def test_the_campaigns_are_those_of_the_demonstration(workspace: Workspace) -> None:
    assert tuple(path.stem for path in workspace.campaign_files()) == CAMPAIGNS


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_campaigns_load_without_a_warning(workspace: Workspace, vocabulary: RuleVocabulary, name: str) -> None:
    audiences = load_audiences(workspace.audiences, vocabulary)
    newsletters = load_settings(workspace.settings).newsletters
    _, warnings = load_campaign(workspace.campaign(name), vocabulary, audiences=audiences, newsletters=newsletters)
    assert warnings == ()


def test_audiences_show_the_rule_language(workspace: Workspace, vocabulary: RuleVocabulary) -> None:
    audiences = load_audiences(workspace.audiences, vocabulary)
    assert {"active_members", "beauty_buyers"} < set(audiences)
    assert len(audiences) >= 8


def test_goods_that_tell_of_the_body_are_special(catalogue: Catalogue, data: duckdb.DuckDBPyConnection) -> None:
    special = catalogue.tables["products"].special_when
    assert _goods(data, _TELLING, special) == []


def test_alcohol_and_tobacco_are_restricted(catalogue: Catalogue, data: duckdb.DuckDBPyConnection) -> None:
    restricted = catalogue.tables["products"].restricted_when
    assert _goods(data, _INTOXICATING, restricted) == []


def test_every_forbidden_value_stands_in_the_data(catalogue: Catalogue, data: duckdb.DuckDBPyConnection) -> None:
    products = catalogue.tables["products"]
    for rows in (products.special_when, products.restricted_when):
        for column, values in rows.items():
            known = {value for (value,) in data.execute(f"select distinct {column} from products").fetchall()}
            assert set(values) <= known
            assert len(set(values)) == len(values)


def test_the_documentation_knows_how_many_lines_are_special(
    workspace: Workspace, catalogue: Catalogue, data: duckdb.DuckDBPyConnection
) -> None:
    special = catalogue.tables["products"].special_when
    among = " or ".join(f"list_contains(${column}, {column})" for column in special)
    lines = f"select count(*) from purchases join products using (product_id) where {among}"
    (count,) = data.execute(lines, {column: list(values) for column, values in special.items()}).fetchall()[0]
    assert f"{count:,} lines" in (workspace.root / "docs" / "demo-data.md").read_text("utf-8")


def _goods(
    data: duckdb.DuckDBPyConnection, telling: re.Pattern[str], covered: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Kinds of goods whose names tell, but that no value of `covered` covers."""
    columns = ("department", "product_category", "product_type")
    kinds = data.execute(f"select distinct {', '.join(columns)} from products").fetchall()
    return [
        kind
        for kind in kinds
        if any(telling.search(name or "") for name in kind)
        and not any(name in covered.get(column, ()) for column, name in zip(columns, kind, strict=True))
    ]
