"""Nothing reaches a provider but through a claim."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.channels.claimed import Claimed
from campaigns.spec.words import Channel

ROOT = Path(__file__).parents[2]
MINT = ("campaigns.channels.claimed", "mint")


def test_a_claimed_delivery_is_not_made_by_hand():
    with pytest.raises(TypeError, match="committed claim"):
        Claimed("opaque", "attempt", "run", 1, "member", Channel.EMAIL, "aino@example.org", object())


def test_a_claimed_delivery_is_not_copied_to_another_address(claimed):
    with pytest.raises((TypeError, ValueError)):
        replace(claimed(Channel.EMAIL), address="someone@example.org")


def test_a_claimed_delivery_does_not_tell_whom_it_is_for(claimed):
    shown = repr(claimed(Channel.EMAIL))
    assert "aino@example.org" not in shown
    assert "member-4711" not in shown


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Attribute) and node.attr in ("mint", "_KEY"):
            yield MINT


def test_only_the_claim_imports_the_mint():
    sources = [path for package in ("campaigns", "audiences") for path in (ROOT / package).rglob("*.py")]
    users = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if {MINT, ("campaigns.channels.claimed", "_KEY")} & set(imported(ast.parse(path.read_text())))
    }
    assert users == {"campaigns/dispatch/claim.py"}
