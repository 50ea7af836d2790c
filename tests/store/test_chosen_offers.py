"""Offers of a decision in readable form, from the short form that the ledger keeps."""

import pytest

from campaigns.store.runs.decisions import chosen_offers_as_json

COUNTS = {"offer_ids": ["coffee", "bread", "cheese"]}


def test_offers_of_a_decision_are_named_with_their_reasons_best_first() -> None:
    assert chosen_offers_as_json("2r12,21 0p 1", COUNTS) == [
        {"offer": "cheese", "reason": "regular", "every_days": 12, "days_ago": 21},
        {"offer": "coffee", "reason": "popular"},
        {"offer": "bread"},
    ]


@pytest.mark.parametrize("counts", [{}, None, COUNTS])
def test_decision_of_a_version_before_has_no_offers(counts: dict[str, list[str]] | None) -> None:
    assert chosen_offers_as_json(None, counts) == []
