"""Redemptions in the report of a run, as the goal of an experiment, and as data of a member."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.core.model.condition import RedemptionCondition, TimeWindow
from campaigns.core.model.enums import Language
from campaigns.people.privacy.subject_access import collect_export
from campaigns.results.reports.conversions import count_conversions
from campaigns.results.reports.lift import ADDRESSED
from campaigns.results.reports.run_report import run_report
from campaigns.rules.describe import describe
from campaigns.store.people import reassign
from campaigns.store.runs import redemptions
from campaigns.store.runs.event_tables import REDEMPTION
from tests.support.coupon_run import CARD, DIGITS, TEXT, CouponRun

ANY = RedemptionCondition(offer=None, window=TimeWindow())


def redeem(coupon_run: CouponRun) -> None:
    """Let three members use a coupon of letters, one of them the card as well."""
    rows = [{"code": coupon_run.code(member), "redeemed_at": "2018-01-03"} for member in ("m01", "m02", "m03")]
    assert coupon_run.import_rows(rows).stored == 3
    assert coupon_run.import_rows([{"member_id": "m01", "offer_id": CARD, "redeemed_at": "2018-01-04"}]).stored == 1


def converted(coupon_run: CouponRun, goal: RedemptionCondition) -> int:
    engine = coupon_run.workspace.engine
    campaign = engine.run_definitions.campaign(coupon_run.run)
    until = coupon_run.workspace.clock.time + timedelta(days=7)
    return count_conversions(engine, coupon_run.run, campaign, {}, until, goal).groups[ADDRESSED].number


def test_a_report_counts_redeemed_coupons_by_offer_and_arm(coupon_run: CouponRun) -> None:
    redeem(coupon_run)
    rows = {each.offer_id: each for each in run_report(coupon_run.workspace.engine, "coupons", Language.EN).coupons}
    assert list(rows) == [TEXT, CARD, DIGITS]
    assert [rows[offer].redeemed for offer in (TEXT, CARD, DIGITS)] == [3, 1, 0]
    assert rows[TEXT].planned == len(coupon_run.recipients(TEXT))
    arms = {member: row["arm"] for member, row in coupon_run.workspace.decisions(coupon_run.run).items()}
    assert rows[TEXT].arms == {arm: [arms["m01"], arms["m02"], arms["m03"]].count(arm) for arm in rows[TEXT].arms}
    assert sum(rows[TEXT].arms.values()) == 3


def test_a_run_without_redemptions_reports_its_coupons(coupon_run: CouponRun) -> None:
    coupons = run_report(coupon_run.workspace.engine, "coupons", Language.EN).coupons
    assert [(each.offer_id, each.redeemed) for each in coupons] == [(TEXT, 0), (CARD, 0), (DIGITS, 0)]


def test_a12_redeemed_coupons_are_the_goal_of_an_experiment(coupon_run: CouponRun) -> None:
    redeem(coupon_run)
    assert converted(coupon_run, ANY) == 3
    assert converted(coupon_run, RedemptionCondition(offer=CARD, window=TimeWindow())) == 1
    assert converted(coupon_run, RedemptionCondition(offer=DIGITS, window=TimeWindow())) == 0
    lately = TimeWindow(within=timedelta(days=11))  # from the fourth on, seen from the fifteenth
    assert converted(coupon_run, RedemptionCondition(offer=None, window=lately)) == 1


def test_a_goal_asks_for_coupons_of_its_own_run_alone(coupon_run: CouponRun) -> None:
    second = CouponRun.send(coupon_run.workspace, "second")
    redeem(coupon_run)
    assert converted(second, ANY) == 0


def test_c7_coupons_of_members_who_forbid_the_use_of_their_purchases_reach_no_goal(coupon_run: CouponRun) -> None:
    redeem(coupon_run)
    coupon_run.workspace.record_choices("m01", "no_purchase_detail")
    assert converted(coupon_run, ANY) == 2


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (Language.FI, "Jäsen on lunastanut viimeisten 14 päivän aikana lähetyksen kupongin tarjoukseen ”coffee”."),
        (
            Language.SV,
            "Medlemmen har löst in en kupong från utskicket för erbjudandet ”coffee” under de senaste 14 dagarna.",
        ),
        (Language.EN, "The member has redeemed a coupon of the run for the offer “coffee” in the last 14 days."),
    ],
)
def test_a_goal_is_described_in_each_language(coupon_run: CouponRun, language: Language, sentence: str) -> None:
    goal = RedemptionCondition(offer="coffee", window=TimeWindow(within=timedelta(days=14)))
    assert describe(goal, language, coupon_run.workspace.engine.context.repository.catalogue) == sentence


def test_c10_a_members_redemptions_are_in_their_export(coupon_run: CouponRun) -> None:
    redeem(coupon_run)
    rows = collect_export(coupon_run.workspace.engine.queries, "m01").sections["redemption"]
    assert [row["offer_id"] for row in rows] == [TEXT, CARD]


def test_gd12_redemptions_of_an_erased_member_name_nobody(coupon_run: CouponRun) -> None:
    redeem(coupon_run)
    context = coupon_run.workspace.engine.context
    with context.ledger.write() as connection:
        reassign.pseudonymise(connection, "m01", "erased-x")
        members = set(connection.execute(select(REDEMPTION.c.member_id)).scalars())
    assert members == {"erased-x", "m02", "m03"}


def test_a_merge_moves_redemptions_and_its_undo_returns_them(coupon_run: CouponRun) -> None:
    redeem(coupon_run)
    with coupon_run.workspace.engine.context.ledger.write() as connection:
        moved = reassign.merge(connection, "m01", "m02")
        assert set(connection.execute(select(REDEMPTION.c.member_id)).scalars()) == {"m02", "m03"}
        reassign.unmerge(connection, "m01", "m02", moved)
        members = sorted(connection.execute(select(REDEMPTION.c.member_id)).scalars())
    assert members == ["m01", "m01", "m02", "m03"]


def test_a_merge_of_before_redemptions_can_be_undone(coupon_run: CouponRun) -> None:
    with coupon_run.workspace.engine.context.ledger.write() as connection:
        moved = reassign.merge(connection, "m01", "m02")
        del moved[REDEMPTION.name]
        reassign.unmerge(connection, "m01", "m02", moved)


def test_gd03_redemptions_go_with_their_retention(coupon_run: CouponRun) -> None:
    redeem(coupon_run)
    context = coupon_run.workspace.engine.context
    assert redemptions.purge_redemptions(context.ledger, context.clock.now() - timedelta(days=400)) == 0
    assert redemptions.purge_redemptions(context.ledger, context.clock.now() - timedelta(days=5)) == 3
    assert redemptions.remaining_redemptions(context.ledger)[0] == 1
