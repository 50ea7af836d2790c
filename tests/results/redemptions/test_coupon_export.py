"""The file for the tills: coupons of messages that were sent, of members who may be processed, and nobody else's."""

import csv
from hashlib import sha256
from pathlib import Path

import pytest

from audiences.people.member_erasure import erase_from_ledger
from campaigns.channels.events import EventKind
from campaigns.core.csv_cells import inert_cell
from campaigns.core.errors import UserError
from campaigns.results.redemptions.coupon_export import CouponExport
from campaigns.store.people import reassign
from tests.support.coupon_run import CARD, DIGITS, TEXT, CouponRun
from tests.support.sent_run import SentRun


def exported(coupon_run: CouponRun) -> list[dict[str, str]]:
    engine = coupon_run.workspace.engine
    lines = "".join(CouponExport.open(engine, coupon_run.run.run_id).lines())
    return list(csv.DictReader(lines.splitlines()))


def members_of(rows: list[dict[str, str]]) -> set[str]:
    return {row["member_id"] for row in rows if row["member_id"]}


def test_card_coupons_name_members_and_codes_are_hashes_without_a_member(coupon_run: CouponRun) -> None:
    rows = exported(coupon_run)
    assert members_of(rows) == set(coupon_run.recipients(CARD))
    assert {row["offer_id"] for row in rows if row["member_id"]} == {CARD}
    hashes = {row["code_sha256"] for row in rows if row["offer_id"] == TEXT}
    codes = [coupon_run.code(member, TEXT) for member in coupon_run.recipients(TEXT)]
    assert hashes == {sha256(code.encode()).hexdigest() for code in codes}
    assert {row["offer_id"] for row in rows} == {CARD, TEXT, DIGITS}
    assert {(row["run"], row["valid_from"], row["valid_to"]) for row in rows} == {
        (coupon_run.run.run_id, "2017-12-20", "2018-01-31")
    }


def test_a_message_that_came_back_has_no_coupon_at_the_tills(coupon_run: CouponRun) -> None:
    sent = SentRun(coupon_run.workspace, coupon_run.run)
    sent.ingest(sent.event("m01", EventKind.BOUNCED))
    assert "m01" not in members_of(exported(coupon_run))
    assert "m02" in members_of(exported(coupon_run))


@pytest.mark.parametrize("choice", ["restricted", "deceased"])
def test_gd13_restricted_and_dead_members_are_left_out(coupon_run: CouponRun, choice: str) -> None:
    coupon_run.workspace.record_choices("m01", choice)
    assert "m01" not in members_of(exported(coupon_run))


def test_a_member_who_stops_messages_keeps_the_coupon(coupon_run: CouponRun) -> None:
    coupon_run.workspace.record_choices("m01", "no_marketing")
    coupon_run.workspace.record_choices("m01", "email_own", on=False)
    assert "m01" in members_of(exported(coupon_run))


def test_gd12_an_erased_member_is_in_no_new_file(coupon_run: CouponRun) -> None:
    context = coupon_run.workspace.engine.context
    before = len(exported(coupon_run))
    offers = sum("m01" in coupon_run.recipients(offer) for offer in (CARD, TEXT, DIGITS))
    with context.ledger.write() as connection:
        erase_from_ledger(connection, context.signer, "m01", context.clock.now())
        reassign.pseudonymise(connection, "m01", "erased-x")
    rows = exported(coupon_run)
    assert members_of(rows).isdisjoint({"m01", "erased-x"})
    assert len(rows) == before - offers


def test_a_run_without_coupons_has_no_file(coupon_run: CouponRun) -> None:
    workspace = coupon_run.workspace
    offers = workspace.root / "config" / "offers.yaml"
    offers.write_text("offers: []\n", "utf-8")
    run, _ = workspace.plan(
        "hello",
        'purpose: service\nschedule: {at: "2018-01-05 10:30"}\naudience: {age: {from: 18}}\ncontent: {email: hello}\n',
    )
    with pytest.raises(UserError, match="the offers of this run have no coupons"):
        CouponExport.open(workspace.engine, run.run_id)


def test_a_missing_key_ends_the_export(coupon_run: CouponRun) -> None:
    coupon_run.workspace.engine.context.workspace.coupon_keys.unlink()
    with pytest.raises(UserError, match="its key 1 is missing"):
        exported(coupon_run)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "|x", "%x", "\tx", " =1"])
def test_no_cell_of_the_file_is_a_formula(text: str) -> None:
    assert inert_cell(text).startswith("'")


def test_a_plan_without_a_key_is_refused_before_anything_is_saved(coupon_run: CouponRun) -> None:
    workspace = coupon_run.workspace
    workspace.engine.context.workspace.coupon_keys.unlink()
    runs = len(workspace.engine.queries.recent_runs())
    with pytest.raises(UserError, match="there is no key for its codes"):
        workspace.plan("coupons", as_of=workspace.clock.time)
    assert len(workspace.engine.queries.recent_runs()) == runs


def test_an_interrupted_export_leaves_the_earlier_file(coupon_run: CouponRun, tmp_path: Path) -> None:
    from campaigns.core.private_files import write_named_parts

    file = tmp_path / "coupons.csv"
    file.write_text("earlier")

    def parts():
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_named_parts(file, parts())
    assert file.read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []
