"""Scores of offers: by what a member buys, with the reason that weighed most, and without forbidden purchases."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.model.offer_reason import OfferReason, OfferReasonKind
from campaigns.offers.ranking import offer_terms
from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.offers.ranking.ranking_model import built_in_model
from campaigns.offers.ranking.score_offers import create_empty_scores
from tests.support.examples import examples
from tests.support.ranking_world import OFFERS, Visit, every, ranking_session, scores

CROWD = [visit for number in range(20) for visit in every(f"x{number}", 9, 6, "m1")]
CROWD_IDS = [f"x{number}" for number in range(20)]


def best(member: str, visits: list[Visit]) -> list[str]:
    """Return the offers in the member's order."""
    rows = scores([*CROWD, *visits], [*CROWD_IDS, member])
    own = {offer: rows.get((member, offer), rows["", offer])[0] for offer in (offer.id for offer in OFFERS)}
    return sorted(own, key=lambda offer: -own[offer])


def test_a_member_gets_first_what_the_member_buys() -> None:
    assert best("a", every("a", 7, 10, "s1"))[0] in {"soap", "private"}
    assert (
        best("a", every("a", 7, 10, "c1"))[:2] == ["c1", "ground"] or best("a", every("a", 7, 10, "c1"))[0] == "ground"
    )


def test_goods_of_an_offer_count_before_goods_like_them() -> None:
    offers = [RankedOffer("c1", products=("c1",)), RankedOffer("c2", products=("c2",))]
    rows = scores([*CROWD, *every("a", 7, 10, "c1")], [*CROWD_IDS, "a"], offers)
    assert rows["a", "c1"][0] > rows["a", "c2"][0] > rows["", "c2"][0]
    assert rows["a", "c2"][1] == "s"


def test_an_offer_of_a_brand_stands_for_the_brand_s_goods_and_says_so() -> None:
    rows = scores([*CROWD, *every("a", 7, 10, "s1")], [*CROWD_IDS, "a"])
    assert rows["a", "private"][1] == "b"


def test_fewer_than_four_visits_leave_the_order_to_recent_popularity() -> None:
    rows = scores([*CROWD, *every("a", 7, 3, "s1")], [*CROWD_IDS, "a"])
    assert not [offer for member, offer in rows if member == "a"]
    default = {offer: score for (member, offer), (score, _) in rows.items() if member == ""}
    assert max(default, key=default.__getitem__) == "milk"
    assert {reason for (member, _), (_, reason) in rows.items() if member == ""} == {"p"}


def test_only_the_named_members_have_rows_or_make_goods_popular() -> None:
    hidden = every("c7", 1, 60, "s1")
    assert scores([*CROWD, *hidden], CROWD_IDS) == scores(CROWD, CROWD_IDS)


@given(
    st.lists(
        st.builds(
            Visit, st.sampled_from(["c7", "a"]), st.integers(0, 80), st.tuples(st.sampled_from(["c1", "s1", "m1"]))
        ),
        max_size=12,
    )
)
@settings(max_examples=examples(20), deadline=None)
def test_no_purchase_of_a_member_without_permission_changes_a_score(visits: list[Visit]) -> None:
    permitted = [visit for visit in visits if visit.member != "c7"]
    assert scores([*CROWD, *visits], [*CROWD_IDS, "a"]) == scores([*CROWD, *permitted], [*CROWD_IDS, "a"])


def test_purchases_after_the_moment_take_no_part() -> None:
    later = [Visit("a", -3, ("s1",)), Visit("x1", -2, ("s1",))]
    before = every("a", 7, 5, "c1")
    assert scores([*CROWD, *before, *later], [*CROWD_IDS, "a"]) == scores([*CROWD, *before], [*CROWD_IDS, "a"])


def test_pieces_of_members_give_the_scores_of_one_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = [*CROWD, *every("a", 7, 10, "c1")]
    whole = scores(visits, [*CROWD_IDS, "a"])
    monkeypatch.setattr(offer_terms, "MEMBERS_PER_PIECE", 4)
    assert scores(visits, [*CROWD_IDS, "a"]) == whole


def test_a_message_that_may_use_no_purchases_has_no_scores() -> None:
    session = ranking_session(CROWD)
    scored = create_empty_scores(session)
    assert session.count_rows(scored) == 0


def test_a_regular_purchase_is_told_with_rounded_days() -> None:
    coefficients = {**dict.fromkeys(built_in_model().coefficients, 0.0), "has_gap": 1.0}
    model = replace(built_in_model(), coefficients=coefficients)
    rows = scores([*CROWD, *every("a", 12, 6, "c1", since=20)], [*CROWD_IDS, "a"], model=model)
    assert rows["a", "ground"][1] == "r12,21"
    assert OfferReason.parse("r12,21").kind is OfferReasonKind.REGULAR


def test_every_reason_has_the_short_form_that_the_ledger_keeps() -> None:
    rows = scores([*CROWD, *every("a", 9, 8, "c1", "s1"), *every("b", 3, 5, "c3", since=0)], [*CROWD_IDS, "a", "b"])
    reasons = {reason for _, reason in rows.values()}
    assert all(reason and str(OfferReason.parse(reason)) == reason for reason in reasons)
    assert all(re.fullmatch(r"[a-z](\d+,\d+)?", reason or "") for reason in reasons)
