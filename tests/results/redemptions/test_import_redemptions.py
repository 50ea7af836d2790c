"""Redemptions from tills: the first of a coupon counts, everything else is a located problem, and nothing twice."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.core.errors import UserError
from campaigns.offers.coupons import ean13
from campaigns.results.redemptions.import_redemptions import import_redemptions
from campaigns.store.runs import redemptions
from campaigns.store.runs.event_tables import REDEMPTION
from tests.support.coupon_run import CAMPAIGN, CARD, DIGITS, TEXT, CouponRun

LATER = "2018-01-03T12:00"


def stored(coupon_run: CouponRun) -> list[tuple[str, str, str, str | None, int | None]]:
    with coupon_run.workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(REDEMPTION).order_by(REDEMPTION.c.member_id, REDEMPTION.c.offer_id))
        return [(row.member_id, row.offer_id, row.redeemed_at.isoformat(), row.store_id, row.cents) for row in rows]


def problems(report_path: Path | None) -> list[tuple[str, str, str]]:
    assert report_path is not None
    with report_path.open(encoding="utf-8") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]  # type: ignore[misc]


def test_codes_and_cards_are_stored_with_their_member(coupon_run: CouponRun) -> None:
    rows = [
        {"code": coupon_run.code("m01"), "redeemed_at": LATER, "store_id": "s1", "amount": "1.50"},
        {"code": coupon_run.code("m02", DIGITS), "redeemed_at": "2018-01-04 09:00"},
        {"member_id": "m03", "offer_id": CARD, "redeemed_at": LATER},
    ]
    report = coupon_run.import_rows(rows)
    assert (report.stored, report.unchanged, report.rejected) == (3, 0, 0), report.reasons
    assert stored(coupon_run) == [
        ("m01", TEXT, "2018-01-03T10:00:00+00:00", "s1", 150),
        ("m02", DIGITS, "2018-01-04T07:00:00+00:00", None, None),
        ("m03", CARD, "2018-01-03T10:00:00+00:00", None, None),
    ]


def test_every_coupon_of_the_run_is_found_by_its_own_code(coupon_run: CouponRun) -> None:
    rows = [
        {"code": coupon_run.code(member, offer_id), "redeemed_at": LATER}
        for offer_id in (TEXT, DIGITS)
        for member in coupon_run.recipients(offer_id)
    ]
    report = coupon_run.import_rows(rows)
    assert report.stored == len(rows) > 20, report.reasons
    members = [(member, offer_id) for member, offer_id, *_ in stored(coupon_run)]
    expected = [(member, offer) for offer in (TEXT, DIGITS) for member in coupon_run.recipients(offer)]
    assert members == sorted(expected)


def test_a_grouped_code_in_small_letters_is_the_same_code(coupon_run: CouponRun) -> None:
    code = coupon_run.code("m01").lower()
    report = coupon_run.import_rows([{"code": "-".join([code[:4], code[4:8], code[8:]]), "redeemed_at": LATER}])
    assert report.stored == 1


def test_importing_the_same_file_twice_changes_nothing(coupon_run: CouponRun) -> None:
    rows = [
        {"code": coupon_run.code("m01"), "member_id": "", "offer_id": "", "redeemed_at": LATER},
        {"code": "", "member_id": "m03", "offer_id": CARD, "redeemed_at": LATER},
        {"code": coupon_run.code("m01"), "member_id": "", "offer_id": "", "redeemed_at": "2018-01-04T12:00"},
    ]
    first = coupon_run.import_rows(rows)
    before = stored(coupon_run)
    again = coupon_run.import_rows(rows)
    assert (first.stored, first.rejected) == (2, 1)
    assert (again.stored, again.unchanged, again.rejected) == (0, 2, 1)
    assert stored(coupon_run) == before


def test_a17_the_first_redemption_of_a_coupon_counts_whatever_the_order_of_the_lines(coupon_run: CouponRun) -> None:
    code = coupon_run.code("m01")
    report = coupon_run.import_rows(
        [
            {"code": code, "redeemed_at": "2018-01-05T12:00", "store_id": "late"},
            {"code": code, "redeemed_at": LATER, "store_id": "first"},
        ]
    )
    assert (report.stored, report.rejected) == (1, 1)
    assert [row[3] for row in stored(coupon_run)] == ["first"]
    assert problems(report.rejects_path) == [("2", "code", "this coupon was redeemed before, in line 3")]


def test_a17_a_coupon_of_an_earlier_import_is_not_redeemed_again(coupon_run: CouponRun) -> None:
    coupon_run.import_rows([{"member_id": "m03", "offer_id": CARD, "redeemed_at": LATER}])
    report = coupon_run.import_rows([{"member_id": "m03", "offer_id": CARD, "redeemed_at": "2018-01-04"}])
    assert report.is_refused
    assert problems(report.rejects_path) == [("2", "offer_id", "this coupon was redeemed before, by an earlier import")]


def test_each_wrong_row_is_one_located_problem_and_the_others_are_stored(coupon_run: CouponRun) -> None:
    good, digits = coupon_run.code("m01"), coupon_run.code("m02", DIGITS)
    slip = good[:-1] + ("0" if good[-1] != "0" else "1")
    rows = [
        {"code": good, "redeemed_at": LATER},
        {"code": slip, "redeemed_at": LATER},
        {"code": digits[:-1] + str((int(digits[-1]) + 1) % 10), "redeemed_at": LATER},
        {"code": "6415712345678", "redeemed_at": LATER},
        {"code": "ABC", "redeemed_at": LATER},
        {"code": "TEST-TEST-TEST-TESN", "redeemed_at": LATER},
        {"code": "0000000000000000", "redeemed_at": LATER},
        {"code": coupon_run.code("m05"), "redeemed_at": "2018-01-08T23:00"},
        {"code": coupon_run.code("m05"), "redeemed_at": "2017-12-31T12:00"},
        {"member_id": "m05", "offer_id": TEXT, "redeemed_at": LATER},
        {"member_id": "nobody", "offer_id": CARD, "redeemed_at": LATER},
        {"member_id": "m05", "redeemed_at": LATER},
        {"code": coupon_run.code("m05"), "redeemed_at": ""},
        {"code": coupon_run.code("m05"), "redeemed_at": LATER, "offer_id": CARD},
        {"code": coupon_run.code("m05"), "redeemed_at": LATER, "run": "another"},
        {"code": coupon_run.code("m05"), "redeemed_at": LATER, "amount": "-1"},
    ]
    report = coupon_run.import_rows(rows)
    assert (report.stored, report.rejected) == (1, 15)
    no_card = "was sent to this member with no coupon that is bound to the card"
    assert problems(report.rejects_path) == [
        ("3", "code", "is mistyped: its last character does not match the others"),
        ("4", "code", "is mistyped: its last digit does not match the others"),
        ("5", "code", "does not begin with 29, as our codes of thirteen digits do"),
        ("6", "code", "is no code of ours: they have 16 letters and digits, or 13 digits"),
        ("7", "code", "is the code of samples and proofs, which no coupon has"),
        ("8", "code", "no run of the 400 days before has this code"),
        (
            "9",
            "redeemed_at",
            "lies in the future: now it is 2018-01-08 12:00 by the clock",
        ),
        ("10", "redeemed_at", "is before the message with the coupon was sent"),
        ("11", "offer_id", no_card),
        ("12", "offer_id", no_card),
        ("13", "code", "missing; a coupon that is bound to the card has `member_id` and `offer_id` in its place"),
        ("14", "redeemed_at", "missing"),
        ("15", "offer_id", f"the code is of another offer: {TEXT}"),
        ("16", "run", f"the code is of another run: {coupon_run.run.run_id}"),
        ("17", "amount", "is below zero"),
    ]


def test_a_coupon_is_not_redeemed_after_its_offer_has_ended(coupon_run: CouponRun) -> None:
    coupon_run.workspace.clock.advance(days=60)
    report = coupon_run.import_rows(
        [
            {"code": coupon_run.code("m01"), "redeemed_at": "2018-02-01T00:00"},
            {"code": coupon_run.code("m02"), "redeemed_at": "2018-01-31T23:59"},
        ]
    )
    assert problems(report.rejects_path) == [("2", "redeemed_at", "is after the offer had ended, on 2018-01-31")]
    assert report.stored == 1


def test_codes_of_an_earlier_key_stay_valid_after_a_rotation(coupon_run: CouponRun) -> None:
    from campaigns.offers.coupons.rotate_key import rotate_key

    code = coupon_run.code("m01")
    assert rotate_key(coupon_run.workspace.engine.context, "cheese") == 2
    second = CouponRun.send(coupon_run.workspace, "second")
    assert second.run.counts["coupon_keys"] == {"cheese": 2, "soap": 1}
    assert second.code("m01") != code
    coupon_run.workspace.clock.advance(hours=1)
    at = coupon_run.workspace.clock.time.isoformat()
    report = coupon_run.import_rows(
        [{"code": code, "redeemed_at": at}, {"code": second.code("m01"), "redeemed_at": at}]
    )
    assert report.stored == 2, report.reasons


def test_a_missing_key_refuses_the_file_as_long_as_its_offers_run(coupon_run: CouponRun) -> None:
    row = {"code": coupon_run.code("m01"), "redeemed_at": LATER}
    coupon_run.workspace.engine.context.workspace.coupon_keys.unlink()
    with pytest.raises(UserError, match="its key 1 is missing"):
        coupon_run.import_rows([row])
    assert stored(coupon_run) == []


def test_a_crash_leaves_nothing_of_the_file(coupon_run: CouponRun, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"code": coupon_run.code(member), "redeemed_at": LATER} for member in ("m01", "m02", "m03")]
    original = redemptions.add_redemptions

    def die_after(connection, new):
        original(connection, new)
        raise KeyboardInterrupt

    monkeypatch.setattr(redemptions, "add_redemptions", die_after)
    with pytest.raises(KeyboardInterrupt):
        coupon_run.import_rows(rows)
    assert stored(coupon_run) == []
    monkeypatch.undo()
    assert coupon_run.import_rows(rows).stored == 3


def test_a_message_that_was_not_sent_has_no_coupon_to_redeem(coupon_run: CouponRun) -> None:
    workspace = coupon_run.workspace
    run = workspace.start("unsent", CAMPAIGN)
    unsent = CouponRun(workspace, run)
    workspace.clock.advance(days=1)
    report = unsent.import_rows([{"code": unsent.code("m01"), "redeemed_at": "2018-01-09"}])
    assert problems(report.rejects_path) == [("2", "code", "its message was never sent: it is pending")]


def test_the_file_of_another_system_is_read_through_a_mapping(coupon_run: CouponRun) -> None:
    from audiences.imports.mapping import load_mapping
    from campaigns.results.redemptions.import_redemptions import OPTIONAL, REQUIRED
    from campaigns.workspace.import_proposal import write_proposal

    path = coupon_run.workspace.root / "kassat.csv"
    code = coupon_run.code("m01")
    path.write_bytes(f"Kuponkikoodi;Lunastusaika;Myymälä;Alennus\n{code};3.1.2018 12.00;s1;1,50\n".encode("latin-1"))
    repository = coupon_run.workspace.engine.context.repository
    columns = {**REQUIRED, **OPTIONAL}
    proposal = write_proposal(repository, "redemptions", path, columns, REQUIRED, overwrite=False)
    report = import_redemptions(coupon_run.workspace.engine, path, mapping=load_mapping(proposal.path))
    assert report.stored == 1, report.reasons
    assert stored(coupon_run) == [("m01", TEXT, "2018-01-03T10:00:00+00:00", "s1", 150)]


def test_digits_that_two_runs_have_are_refused_until_the_run_is_named(
    coupon_run: CouponRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ean13, "permute", lambda number, _: number + 1)
    monkeypatch.setattr(ean13, "permute_back", lambda number, _: number - 1)
    second = CouponRun.send(coupon_run.workspace, "second")
    coupon_run.workspace.clock.advance(hours=1)
    at = coupon_run.workspace.clock.time.isoformat()
    ours, theirs = ({run.code(member, DIGITS) for member in run.recipients(DIGITS)} for run in (coupon_run, second))
    code = min(ours & theirs)
    report = coupon_run.import_rows([{"code": code, "redeemed_at": at}])
    reason = "is a code of several runs with thirteen digits; the columns `run` and `offer_id` tell them apart"
    assert problems(report.rejects_path) == [("2", "code", reason)]
    assert coupon_run.import_rows([{"code": code, "redeemed_at": at, "run": second.run.run_id}]).stored == 1
    assert [row[1] for row in stored(coupon_run)] == [DIGITS]
