"""Providers accept claimed deliveries only, and only a claim creates them."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.channels.claimed_delivery import ClaimedDelivery, create_claimed_proof
from campaigns.core.model.enums import Channel
from tests.support.provider_fixtures import SETTINGS

ROOT = Path(__file__).parents[2]
CREATE_DELIVERY = ("campaigns.channels.claimed_delivery", "create_claimed_delivery")
CREATE_NOTICE = ("campaigns.channels.claimed_delivery", "create_claimed_notice")
CREATE_PROOF = ("campaigns.channels.claimed_delivery", "create_claimed_proof")


@pytest.fixture
def internal_settings():
    return SETTINGS.model_copy(update={"internal_addresses": ("@lahde.example.org",)})


def test_a_claimed_delivery_cannot_be_constructed_directly():
    with pytest.raises(TypeError, match="committed claim"):
        ClaimedDelivery("opaque", "attempt", "run", 1, "member", Channel.EMAIL, "aino@example.org", object())


def test_a_claimed_delivery_cannot_be_copied_to_another_address(claimed):
    with pytest.raises((TypeError, ValueError)):
        replace(claimed(Channel.EMAIL), address="someone@example.org")


def test_the_repr_of_a_claimed_delivery_hides_member_and_address(claimed):
    representation = repr(claimed(Channel.EMAIL))
    assert "aino@example.org" not in representation
    assert "member-4711" not in representation


def imported_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Attribute) and node.attr in (
            "create_claimed_delivery",
            "create_claimed_notice",
            "create_claimed_proof",
            "_KEY",
        ):
            yield (CREATE_DELIVERY[0], node.attr)


def users_of(*names: tuple[str, str]) -> set[str]:
    sources = [path for package in ("campaigns", "audiences") for path in (ROOT / package).rglob("*.py")]
    return {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if set(names) & set(imported_names(ast.parse(path.read_text())))
    }


def test_only_the_claim_creates_claimed_deliveries():
    assert users_of(CREATE_DELIVERY, ("campaigns.channels.claimed_delivery", "_KEY")) == {
        "campaigns/runs/dispatch/claim.py"
    }


def test_only_the_proof_creates_claimed_proofs():
    assert users_of(CREATE_PROOF) == {"campaigns/runs/proofs/proof.py"}


def test_only_the_notice_sender_creates_claimed_notices():
    assert users_of(CREATE_NOTICE) == {"campaigns/runs/notices/notice_sender.py"}


def test_a_claimed_proof_is_created_for_internal_addresses_only(internal_settings):
    values = {"opaque_id": "o", "attempt": "a", "run": "r", "channel": Channel.EMAIL, "settings": internal_settings}
    assert create_claimed_proof(address="aino@lahde.example.org", **values).member_id == ""
    for address in ("aino@example.org", "aino@x.lahde.example.org", "@lahde.example.org", "+358401234567", ""):
        with pytest.raises(ValueError, match="internal addresses only"):
            create_claimed_proof(address=address, **values)
