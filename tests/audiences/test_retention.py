"""Rows past their retention are deleted, with evidence; the tests move the one clock (GD-03, FI-11)."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from audiences.people.member_erasure import tombstone_members
from audiences.retention import enforce_retention
from campaigns.core.model.retention_evidence import RetentionEvidence
from campaigns.people.privacy import erasure
from campaigns.store.runs.run_tables import DECISION
from tests.support.import_target import NOW, ImportTarget
from tests.support.sample_workspace import SampleWorkspace

PURCHASES = """member_id,purchased_at,basket_id,product_id,quantity,amount,store_id
m1,2017-12-30 10:00,b1,p1,1,2.00,s1
m1,2017-12-30 10:00,b1,p2,1,3.00,s1
m2,2017-12-29 10:00,b2,p1,1,1.00,s1
m2,2016-11-28 10:00,b3,p1,1,1.00,s1
m2,2016-11-20 10:00,b4,p1,1,1.00,s1
,2017-12-30 10:00,b5,p1,2,4.00,s1
"""
MEMBERS = "member_id,register\nm1,owners\nm2,customers\n"
SENT_MESSAGES = "member_id,campaign,purpose,channel,sent_at\nm1,old,marketing,email,2017-11-01 10:00\n"


def fill(target: ImportTarget) -> ImportTarget:
    target.import_content("purchases", PURCHASES)
    target.import_content("members", MEMBERS)
    return target


def evidence_by_table(target: ImportTarget, as_of: datetime) -> dict[str, RetentionEvidence]:
    return {item.table: item for item in enforce_retention(target.warehouse, as_of, _has_no_readers)}


def test_fi11_job_removes_expired_rows_and_reports_the_oldest_remaining(
    target: ImportTarget,
) -> None:
    evidence = evidence_by_table(fill(target), NOW)
    lines, receipts, members = evidence["purchases"], evidence["receipts"], evidence["members"]
    assert (lines.retention, lines.removed, lines.remaining) == (timedelta(days=400), 1, 5)
    assert lines.oldest == datetime(2016, 11, 28, 8, 0, tzinfo=UTC)
    assert (receipts.removed, receipts.remaining, receipts.oldest) == (0, 5, datetime(2016, 11, 20, 8, 0, tzinfo=UTC))
    assert asdict(members) == {"table": "members", "retention": None, "removed": 0, "remaining": 2, "oldest": None}


def test_gd03_remaining_rows_expire_in_their_turn(target: ImportTarget) -> None:
    fill(target)
    removed = [
        evidence_by_table(target, NOW + timedelta(days=days))["purchases"].removed for days in (0, 1, 6, 397, 401, 402)
    ]
    assert removed == [1, 0, 1, 0, 4, 0]
    last = evidence_by_table(target, NOW + timedelta(days=2000))
    assert (last["purchases"].remaining, last["purchases"].oldest, last["receipts"].removed) == (0, None, 5)
    assert target.warehouse.manifest().parts("purchases") == {}


def test_gd12_no_file_holds_a_row_of_an_erased_member(target: ImportTarget) -> None:
    fill(target).import_content("sent", SENT_MESSAGES)
    tombstone_members(target.warehouse, ["m1"], NOW)
    evidence = evidence_by_table(target, NOW)
    assert {table: item.removed for table, item in evidence.items()} == {
        "members": 1,
        "receipts": 1,
        "purchases": 2 + 1,
        "sent": 1,
    }
    contents = [path.read_bytes() for path in target.warehouse.root.glob("*.parquet") if "tombstones" not in path.name]
    assert contents
    assert not any(b"m1" in content for content in contents)
    assert target.rows("SELECT count(*) FROM receipts WHERE member_id IS NULL") == [(1,)]


def test_files_without_rows_to_remove_are_not_rewritten(target: ImportTarget) -> None:
    before = fill(target).warehouse.manifest().parts("receipts")
    tombstone_members(target.warehouse, ["m1"], NOW)
    evidence_by_table(target, NOW)
    after = target.warehouse.manifest().parts("receipts")
    assert after["2016-11"] == before["2016-11"]
    assert after["2017-12"] != before["2017-12"]


def test_second_run_of_the_job_changes_nothing(target: ImportTarget) -> None:
    enforce_retention(fill(target).warehouse, NOW, _has_no_readers)
    version = target.warehouse.manifest().version
    assert all(item.removed == 0 for item in enforce_retention(target.warehouse, NOW, _has_no_readers))
    assert target.warehouse.manifest().version == version


def test_only_files_of_the_current_state_remain(target: ImportTarget) -> None:
    fill(target).import_content("members", "member_id,register\nm3,owners\n")
    enforce_retention(target.warehouse, NOW, _has_no_readers)
    manifest = target.warehouse.manifest()
    named = {name for table in manifest.tables for name in manifest.files(table)}
    assert {path.name for path in target.warehouse.root.glob("*.parquet")} == named


MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""


def decision_counts(workspace: SampleWorkspace) -> dict[str, int]:
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(DECISION.c.kind, func.count()).group_by(DECISION.c.kind)).all()
    return {kind: number for kind, number in rows}  # noqa: C416 - rows are no pairs to mypy


def skip_evidence(workspace: SampleWorkspace) -> RetentionEvidence:
    return next(item for item in erasure.apply_retention(workspace.engine.context) if item.table == "skips")


def test_gd03_skips_are_folded_into_their_runs_counts_after_90_days(workspace: SampleWorkspace) -> None:
    workspace.record_choices("m05", "email_own", on=False)
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    due = workspace.clock.time
    workspace.clock.advance(days=90)
    assert asdict(skip_evidence(workspace)) == {
        "table": "skips",
        "retention": timedelta(days=90),
        "removed": 0,
        "remaining": 1,
        "oldest": due,
    }
    workspace.clock.advance(minutes=1)
    assert (skip_evidence(workspace).removed, skip_evidence(workspace).remaining) == (1, 0)
    assert decision_counts(workspace) == {"send": 23}
    assert workspace.engine.queries.run(run.run_id).counts["skips"] == {"consent_withdrawn": 1}
    assert workspace.balance(run) == {"accepted": 23}


def test_skips_of_an_unfinished_run_remain(workspace: SampleWorkspace) -> None:
    workspace.record_choices("m05", "email_own", on=False)
    workspace.start("hi", MARKETING)
    workspace.clock.advance(days=91)
    assert skip_evidence(workspace).remaining == 1


def test_nightly_job_joins_members_who_now_share_an_address(workspace: SampleWorkspace) -> None:
    workspace.change_contact("m05", email="m07@example.org")
    erasure.apply_retention(workspace.engine.context)
    run, _ = workspace.plan("hi", MARKETING)
    units = {member: row["unit"] for member, row in workspace.decisions(run).items()}
    assert units["m05"] == units["m07"]


def _has_no_readers() -> bool:
    return True
