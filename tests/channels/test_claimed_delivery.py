"""Nothing reaches a provider but through a claim."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.channels.claimed_delivery import ClaimedDelivery, create_claimed_proof
from campaigns.core.model.enums import Channel
from tests.support.provider_fixtures import SETTINGS

ROOT = Path(__file__).parents[2]
MINT = ("campaigns.channels.claimed_delivery", "create_claimed_delivery")
NOTE = ("campaigns.channels.claimed_delivery", "create_claimed_notice")
PROOF = ("campaigns.channels.claimed_delivery", "create_claimed_proof")


@pytest.fixture
def internally():
    return SETTINGS.model_copy(update={"internal_addresses": ("@lahde.example.org",)})


def test_a_claimed_delivery_is_not_made_by_hand():
    with pytest.raises(TypeError, match="committed claim"):
        ClaimedDelivery("opaque", "attempt", "run", 1, "member", Channel.EMAIL, "aino@example.org", object())


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
        elif isinstance(node, ast.Attribute) and node.attr in (
            "create_claimed_delivery",
            "create_claimed_notice",
            "create_claimed_proof",
            "_KEY",
        ):
            yield (MINT[0], node.attr)


def users_of(*names: tuple[str, str]) -> set[str]:
    sources = [path for package in ("campaigns", "audiences") for path in (ROOT / package).rglob("*.py")]
    return {
        path.relative_to(ROOT).as_posix() for path in sources if set(names) & set(imported(ast.parse(path.read_text())))
    }


def test_only_the_claim_imports_the_mint():
    assert users_of(MINT, ("campaigns.channels.claimed_delivery", "_KEY")) == {"campaigns/runs/dispatch/claim.py"}


def test_only_the_proof_imports_its_mint():
    assert users_of(PROOF) == {"campaigns/runs/proofs/proof.py"}


def test_only_the_courier_imports_the_mint_of_notes():
    assert users_of(NOTE) == {"campaigns/runs/notices/sender.py"}


def test_a_proof_is_minted_for_internal_addresses_only(internally):
    words = {"opaque_id": "o", "attempt": "a", "run": "r", "channel": Channel.EMAIL, "settings": internally}
    assert create_claimed_proof(address="aino@lahde.example.org", **words).member_id == ""
    for address in ("aino@example.org", "aino@x.lahde.example.org", "@lahde.example.org", "+358401234567", ""):
        with pytest.raises(ValueError, match="internal addresses only"):
            create_claimed_proof(address=address, **words)
