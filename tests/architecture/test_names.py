"""Law of names: modules, packages, classes, docstrings and variables say in the field's words what they are."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

PARTICIPLES: Final = """
    apart asked asking brief carrying current draft folding following found given heed held joining keeping kept linked
    noticing observing offered outgoing said shown standing telling ticked told weighing
"""
METAPHORS_AND_VAGUE_NOUNS: Final = """
    bench binders bookmark bookmarks common counter courier door engines handler heap helper helpers holes loop manager
    misc pens portion portions rounds service stance stuff things utils ways workshop
"""
REFUSED_MODULES: Final = frozenset(PARTICIPLES.split() + METAPHORS_AND_VAGUE_NOUNS.split())
REFUSED_VARIABLES: Final = frozenset({"asked", "found", "given", "kept", "said", "shown", "told"})

DATA_FORMATS: Final = {
    ("audiences/tables.py", "shown"): "column of the table `wording`",
    ("campaigns/operations/doctor/finding.py", "said"): "JSON key of `viesti doctor`",
    ("campaigns/runs/planning/explain.py", "said"): "JSON key of `viesti member why`",
}
"""Fields that bear a refused name because a stored or printed format does."""

TWINS: Final = {
    "the commands of a subject, and the module that they call": {
        "audience": {"campaigns/cli", "campaigns/core/model"},
        "audit": {"campaigns/cli", "campaigns/store/people"},
        "calendar": {"campaigns/cli", "campaigns/runs/planning"},
        "catalogue": {"campaigns/cli", "campaigns/core/model"},
        "proof": {"campaigns/cli", "campaigns/runs/proofs"},
        "requests": {"campaigns/cli", "campaigns/people/privacy"},
    },
    "data made for the demonstration, its import, and its own module": {
        "choices": {"audiences/consent", "audiences/imports", "campaigns/demo/data"},
        "members": {"audiences/imports", "campaigns/cli", "campaigns/demo/data"},
        "store_locations": {"audiences/imports", "campaigns/demo/data"},
        "suppressions": {"audiences/consent", "audiences/imports", "campaigns/demo/data"},
    },
    "data made for the demonstration, its import, and its conditions parsed and described": {
        "purchases": {
            "audiences/imports",
            "campaigns/demo/data",
            "campaigns/rules/describing",
            "campaigns/rules/parsing",
        },
    },
    "conditions of one kind, parsed and described": {
        "received": {"campaigns/rules/describing", "campaigns/rules/parsing"},
        "redeemed": {"campaigns/rules/describing", "campaigns/rules/parsing"},
    },
    "a provider and its double": {
        "sendgrid": {"campaigns/channels", "campaigns/demo/rehearsal/doubles"},
        "smtp": {"campaigns/channels", "campaigns/demo/rehearsal/doubles"},
        "twilio": {"campaigns/channels", "campaigns/demo/rehearsal/doubles"},
    },
    "a format and the checks of its templates": {
        "call_script": {"campaigns/rendering", "campaigns/rendering/checks"},
    },
}
"""Module names that stand in more than one folder, by the reason why they do."""

TEST_TWINS: Final = {
    "test_links": {"tests/docs", "tests/web"},
}
"""Test files of one name: links of the documentation, and links in messages."""

DOCSTRING_OPENINGS: Final = frozenset(
    ("As", "How", "That", "Those", "What", "Where", "Whether", "Who", "Whom", "Whose", "Whoever")
)
ROOM_LINE_LENGTH: Final = 120


def _modules(*roots: str) -> Iterator[Path]:
    for root in roots:
        yield from sorted(path.relative_to(ROOT) for path in (ROOT / root).rglob("*.py"))


@cache
def _nodes(module: Path) -> tuple[ast.AST, ...]:
    """Return the syntax nodes of a module, in the order of the file."""
    return tuple(ast.walk(ast.parse((ROOT / module).read_bytes())))


def _docstring(module: Path) -> str:
    tree = _nodes(module)[0]
    assert isinstance(tree, ast.Module)
    return ast.get_docstring(tree) or ""


def _classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for module in _modules("campaigns", "audiences"):
        yield from ((module, node) for node in _nodes(module) if isinstance(node, ast.ClassDef))


def _folders_by_name(modules: Iterator[Path]) -> dict[str, set[str]]:
    """Return the names that stand in more than one folder, with these folders."""
    folders: defaultdict[str, set[str]] = defaultdict(set)
    for module in modules:
        folders[module.stem].add(module.parent.as_posix())
    return {
        name: places for name, places in folders.items() if len(places) > 1 and name not in {"__init__", "__main__"}
    }


def _bound_name(node: ast.AST) -> str | None:
    """Return the name that a node binds: a parameter, or the target of an assignment or a loop."""
    if isinstance(node, ast.arg):
        return node.arg
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None


def test_module_names_are_nouns_of_the_field() -> None:
    modules = _modules("campaigns", "audiences", "tests/support", "benchmarks", "tools")
    assert [str(module) for module in modules if REFUSED_MODULES & set(module.with_suffix("").parts)] == []


def test_every_package_says_in_one_line_what_lives_there() -> None:
    packages = {module.parent for module in _modules("campaigns", "audiences")} | {Path("tests/support")}
    silent = [
        str(package)
        for package in sorted(packages)
        if not (ROOT / package / "__init__.py").exists()
        or not 0 < len(_docstring(package / "__init__.py")) <= ROOM_LINE_LENGTH
        or "\n" in _docstring(package / "__init__.py")
    ]
    assert silent == []


def test_a_module_name_stands_in_one_folder_or_is_a_listed_twin() -> None:
    listed = {name: folders for group in TWINS.values() for name, folders in group.items()}
    assert _folders_by_name(_modules("campaigns", "audiences")) == listed


def test_a_test_file_name_stands_in_one_folder_or_is_a_listed_twin() -> None:
    tests = (module for module in _modules("tests") if module.name.startswith("test_"))
    assert _folders_by_name(tests) == TEST_TWINS


def test_no_two_classes_bear_one_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for module, node in _classes():
        places[node.name].append(f"{module}:{node.lineno}")
    assert {name: lines for name, lines in places.items() if len(lines) > 1} == {}


def test_exceptions_end_in_error() -> None:
    endings = ("Error", "Warning")
    misnamed = [
        f"{module}:{node.lineno} {node.name}"
        for module, node in _classes()
        if any(ast.unparse(base).endswith((*endings, "Exception")) for base in node.bases)
        and not node.name.endswith(endings)
    ]
    assert misnamed == []


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    openings = [
        f"{module}: {text.splitlines()[0]}"
        for module in _modules("campaigns", "audiences")
        for node in _nodes(module)
        if isinstance(node, documented)
        and (text := ast.get_docstring(node) or "")
        and text.split()[0].strip(",:") in DOCSTRING_OPENINGS
    ]
    assert openings == []


def test_variables_and_parameters_are_nouns() -> None:
    bound = {
        (module.as_posix(), name)
        for module in _modules("campaigns", "audiences")
        for node in _nodes(module)
        if (name := _bound_name(node)) in REFUSED_VARIABLES
    }
    assert bound == set(DATA_FORMATS)
