"""The repository as a workspace: files without warnings, and special and restricted products in the catalogue."""

import re
from collections.abc import Mapping

import duckdb
import pytest

from campaigns.core.model.catalogue import Catalogue
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.audience_folders import load_audiences
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.paths import Workspace
from campaigns.workspace.settings_file import load_settings
from tests.support.named_goods import named_values

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

# Words in product names that reveal health, belief or addiction.
_SENSITIVE = re.compile(
    r"INCONTINEN|LAXATIV|PREGNAN|CONTRACEP|PROPHYLAC|KOSHER|MEDICAT|ANTIBIOTIC|DENTURE|DIABET|GLUTEN|HEARING AID"
    r"|FEM\.? HYGN|HEMORRHOID|INFANT FORMULA|^VITAMIN|^NUT SUPP|SMOKING CESS|ANALGESIC|CONVALESCENT|^RX |^ETHNIC"
)
_INTOXICATING = re.compile(
    r"\bBEERS?\b|BEERALE|WINES?\b(?!/RIC)|VODKA|WHISKE|LIQUEUR|LIQUOR|TEQUILA|\bRUMS?\b|BRANDY|COGNAC|SCHNAPPS|CIGAR|SNUFF|TOBACCO"
)


@pytest.fixture(scope="module")
def vocabulary(repository: Workspace, catalogue: Catalogue, data: duckdb.DuckDBPyConnection) -> RuleVocabulary:
    category_columns = [name for name, column in catalogue.tables["products"].columns.items() if column.categories]
    values = {
        column: frozenset(
            value for (value,) in data.execute(f"select distinct {column} from products").fetchall() if value
        )
        for column in category_columns
    }
    names = frozenset(path.stem for path in repository.audiences.glob("*.yaml"))
    return RuleVocabulary(catalogue, values, names, frozenset(CAMPAIGNS))


def test_the_campaigns_are_those_of_the_demonstration(repository: Workspace) -> None:
    assert tuple(path.stem for path in repository.campaign_files()) == CAMPAIGNS


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_campaigns_load_without_a_warning(repository: Workspace, vocabulary: RuleVocabulary, name: str) -> None:
    audiences = load_audiences(repository.audiences, vocabulary).audiences
    newsletters = load_settings(repository.settings).newsletters
    _, warnings = load_campaign(repository.campaign(name), vocabulary, audiences=audiences, newsletters=newsletters)
    assert warnings == ()


def test_audiences_include_the_examples(repository: Workspace, vocabulary: RuleVocabulary) -> None:
    audiences = load_audiences(repository.audiences, vocabulary).audiences
    assert {"active_members", "beauty_buyers"} < set(audiences)
    assert len(audiences) >= 8


def test_products_about_health_and_belief_are_special(catalogue: Catalogue, data: duckdb.DuckDBPyConnection) -> None:
    special = named_values(catalogue.tables["products"].special_when.values())
    assert _uncovered_products(data, _SENSITIVE, special) == []


def test_alcohol_and_tobacco_are_restricted(catalogue: Catalogue, data: duckdb.DuckDBPyConnection) -> None:
    restricted = named_values(catalogue.tables["products"].restricted_when.values())
    assert _uncovered_products(data, _INTOXICATING, restricted) == []


def test_every_special_or_restricted_value_is_in_the_data(
    catalogue: Catalogue, data: duckdb.DuckDBPyConnection
) -> None:
    products = catalogue.tables["products"]
    for goods in (*products.special_when.values(), *products.restricted_when.values()):
        for column, values in goods.values.items():
            values_in_data = {value for (value,) in data.execute(f"select distinct {column} from products").fetchall()}
            assert set(values) <= values_in_data
            assert len(set(values)) == len(values)


def test_the_documentation_states_the_number_of_special_lines(
    repository: Workspace, catalogue: Catalogue, data: duckdb.DuckDBPyConnection
) -> None:
    special = named_values(catalogue.tables["products"].special_when.values())
    condition = " or ".join(f"list_contains(${column}, {column})" for column in special)
    query = f"select count(*) from purchases join products using (product_id) where {condition}"
    (count,) = data.execute(query, {column: list(values) for column, values in special.items()}).fetchall()[0]
    assert f"{count:,} lines" in (repository.root / "docs" / "demo-data.md").read_text("utf-8")


def _uncovered_products(
    data: duckdb.DuckDBPyConnection, pattern: re.Pattern[str], covered: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Return the products that match `pattern` but no value of `covered`."""
    columns = ("department", "product_category", "product_type")
    kinds = data.execute(f"select distinct {', '.join(columns)} from products").fetchall()
    return [
        kind
        for kind in kinds
        if any(pattern.search(name or "") for name in kind)
        and not any(name in covered.get(column, ()) for column, name in zip(columns, kind, strict=True))
    ]
